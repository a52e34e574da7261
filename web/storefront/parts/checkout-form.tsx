// The order before it is sent: its price, its coupon and its payment method.

import { type Signal, useSignal } from "@preact/signals";
import type { UserCoupon } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import { type Price, priceOf } from "../price.ts";
import { t } from "../words/words.ts";
import { isPast } from "./countdown.tsx";
import { CouponChoice } from "./coupon-choice.tsx";
import { type CheckoutItem, OrderChanges, type ShownOrder, shownOrder } from "./order-changes.tsx";
import { Failure, Money, Notice, Spinner } from "./parts.tsx";
import { cardChoice, type CardChoice, type Method, PayWith, type SimulatedOutcome } from "./pay-with.tsx";

/** The data that a checkout shows. */
export type CheckoutData = { items: CheckoutItem[]; fromCart: boolean; coupons: UserCoupon[]; balance: number };
/** The buyer's choices when the button is pressed; `card` is null for a payment from the balance. */
export type Submission = { coupon: UserCoupon | undefined; card: CardChoice | null; shown: ShownOrder };

type CheckoutFormProps = CheckoutData & {
  busy: boolean;
  error: unknown;
  /** The order as the buyer saw it last; null before that. */
  before: Signal<ShownOrder | null>;
  submit: (submission: Submission) => void;
};

export const isUsable = ({ discount, expiresAt }: UserCoupon, total: number): boolean =>
  total >= (discount.minOrderAmount ?? 0) && (expiresAt === null || !isPast(expiresAt));

export function CheckoutForm({ items, fromCart, coupons, balance, busy, error, before, submit }: CheckoutFormProps) {
  const total = priceOf(items, null).total;
  const usable = coupons.filter((coupon) => isUsable(coupon, total));
  const best = usable.toSorted((a, b) => priceOf(items, b.discount).discount - priceOf(items, a.discount).discount)[0];
  /** Undefined until the buyer chooses; the best coupon applies then. */
  const couponId = useSignal<string | null | undefined>(undefined);
  const method = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const coupon = couponId.value === undefined ? best : usable.find(({ id }) => id === couponId.value);
  const price = priceOf(items, coupon?.discount ?? null);
  const card = cardChoice(method.value, outcome.value);
  const short = card === null && balance < price.toPay;
  const blocked = items.some((item) => unavailableReason(item) !== null);
  const shown = shownOrder(items, coupon);
  if (before.peek() === null) before.value = shown;

  return (
    <form
      class="with-aside"
      onSubmit={(event) => {
        event.preventDefault();
        if (busy || short || blocked) return;
        before.value = shown;
        submit({ coupon, card, shown });
      }}
    >
      <div class="stack">
        <CouponChoice
          coupons={coupons}
          usable={usable}
          chosen={coupon}
          items={items}
          disabled={busy}
          choose={(id) => {
            couponId.value = id;
            before.value = null;
          }}
        />
        <PayWith method={method} outcome={outcome} balance={balance} toPay={price.toPay} fixed={busy} />
      </div>
      <aside class="sum">
        <PriceTable price={price} />
        {error !== undefined && <Failure error={error} />}
        {!busy && before.value && <OrderChanges before={before.value} after={shown} />}
        {blocked && !busy && (
          <Notice kind="warn">
            {t.value.cartBlocked}{" "}
            <a href={fromCart ? to("/cart") : to(`/products/${items[0]?.productId}`)}>{fromCart ? t.value.seeCart : t.value.seeProduct}</a>
          </Notice>
        )}
        <button type="submit" class="button primary wide" disabled={!busy && (short || blocked)} aria-disabled={busy}>
          {busy && <Spinner />}
          {busy ? t.value.paying : t.value.pay(price.toPay)}
        </button>
      </aside>
    </form>
  );
}

function PriceTable({ price }: { price: Price<CheckoutItem> }) {
  return (
    <table class="price">
      <caption>{t.value.priceTable}</caption>
      <tbody>
        {price.items.map((item) => (
          <ItemRow key={item.variantId} item={item} />
        ))}
        <tr class="subtotal">
          <th scope="row">{t.value.total}</th>
          <td>
            <Money amount={price.total} />
          </td>
        </tr>
        {price.discount > 0 && (
          <tr class="saved">
            <th scope="row">{t.value.discount}</th>
            <td>
              <Money amount={-price.discount} />
            </td>
          </tr>
        )}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t.value.toPay}</th>
          <td>
            <Money amount={price.toPay} />
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function ItemRow({ item }: { item: Price<CheckoutItem>["items"][number] }) {
  const { name, status, unitPrice, quantity, amount } = item;
  return (
    <tr>
      <th scope="row">
        <bdi class="clamp">{name}</bdi>
        {status !== "NOT_FOR_SALE" && (
          <span class="muted number">
            <Money amount={unitPrice} /> × {formatNumber(quantity)}
          </span>
        )}
        <span class="row-warning">{unavailableReason(item)}</span>
      </th>
      <td>{status !== "NOT_FOR_SALE" && <Money amount={amount} />}</td>
    </tr>
  );
}

/** Why an item cannot be ordered in this quantity; null if it can. */
function unavailableReason({ status, stock, quantity }: CheckoutItem): string | null {
  if (status === "NOT_FOR_SALE") return t.value.notForSale;
  if (status === "SOLD_OUT" || stock === 0) return t.value.soldOut;
  return quantity > stock ? t.value.shortOf(stock) : null;
}
