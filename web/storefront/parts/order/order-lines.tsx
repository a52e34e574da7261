// The lines of an order. A refund in part is explained at its line: how many units, the amount, and why it is not the price on the label.

import { formatInstant, formatNumber } from "../../../shared/languages.ts";
import { to } from "../../router.ts";
import { t } from "../../words/words.ts";
import { Money } from "../parts.tsx";
import { ProductArt } from "../product-art.tsx";
import type { Order } from "../user-resource.ts";
import type { History } from "./timeline.tsx";
import { itemName } from "../../names.ts";

type RefundedLine = { quantity: number; amount: number; price: number };

/** What was refunded of each variant, from the order's history. */
function refundsByVariant(history: History): Map<string, RefundedLine> {
  const refunded = new Map<string, RefundedLine>();
  for (const { type, data } of history) {
    if (type !== "order.refunded" && type !== "order.partially-refunded") continue;
    const { items = [] } = (data ?? {}) as { items?: { variantId: string; quantity: number; unitPrice: number; amount: number }[] };
    for (const { variantId, quantity, unitPrice, amount } of items) {
      const before = refunded.get(variantId) ?? { quantity: 0, amount: 0, price: 0 };
      refunded.set(variantId, {
        quantity: before.quantity + quantity,
        amount: before.amount + amount,
        price: before.price + unitPrice * quantity,
      });
    }
  }
  return refunded;
}

export function OrderLines({ order, history }: { order: Order; history: History }) {
  const refunded = refundsByVariant(history);
  return (
    <section class="panel">
      <div class="order-head">
        <h2>{t.value.items}</h2>
        <span class="muted">{formatInstant(order.createdAt)}</span>
      </div>
      <ul class="rows plain">
        {order.orderItems.map((item) => (
          <li class="row" key={item.variantId}>
            <span class="row-art">
              <ProductArt id={item.productId} variantId={item.variantId} name={item.name} />
            </span>
            <span class="row-body">
              <a class="row-name" href={to(`/products/${item.productId}`)}>
                <bdi>{itemName(item)}</bdi>
              </a>
              <span class="row-foot">
                <span class="muted">
                  <Money amount={item.unitPrice} /> × {formatNumber(item.quantity)}
                </span>
                <span class="row-amount">
                  <Money amount={item.unitPrice * item.quantity} />
                </span>
              </span>
              {item.refundedQuantity > 0 && <Refunded count={item.refundedQuantity} line={refunded.get(item.variantId)} />}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Refunded({ count, line }: { count: number; line: RefundedLine | undefined }) {
  if (line === undefined) return <span class="pill">{t.value.refundedOf(count)}</span>;
  const share = line.price - line.amount;
  return (
    <span class="refunded">
      <span class="pill number">{t.value.refundOf(count, line.amount)}</span>
      {share > 0 && <span class="muted">{t.value.refundShare(share)}</span>}
    </span>
  );
}
