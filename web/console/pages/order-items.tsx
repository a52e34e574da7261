import { type Signal, useSignal } from "@preact/signals";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import type { ActionContext } from "../attempt.ts";
import { Confirm } from "../parts/confirm.tsx";
import { CustomerReasonField, ReasonField } from "../parts/fields.tsx";
import { Card } from "../parts/parts.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import type { OrderDetail } from "./order.tsx";

type LineItem = OrderDetail["orderItems"][number];
/** Units to refund now, by variant. */
type Quantities = Signal<Record<string, number>>;

/** The order's line items, and the refund of some or all of them. */
export function OrderItems({ order, refunded }: { order: OrderDetail; refunded: (words: string) => Promise<void> }) {
  const quantities = useSignal<Record<string, number>>({});
  const [reason, customerReason] = [useSignal(""), useSignal("")];
  const isRefundable = ["COMPLETED", "PARTIALLY_REFUNDED"].includes(order.status);
  const items = order.orderItems.flatMap(({ variantId }) => {
    const quantity = quantities.value[variantId] ?? 0;
    return quantity > 0 ? [{ variantId, quantity }] : [];
  });
  const units = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const left = order.totalAmount - order.discountAmount - order.refundedAmount;

  const refund = async ({ key, shop }: ActionContext, whole: boolean): Promise<void> => {
    const body = {
      reason: reason.value.trim() || t.value.byOperator,
      ...(customerReason.value.trim() === "" ? {} : { customerReason: customerReason.value.trim() }),
      ...(whole ? {} : { items }),
    };
    const answer = await shop.refundOrder({ path: { id: order.orderId }, body, idempotencyKey: key });
    quantities.value = {};
    reason.value = customerReason.value = "";
    await refunded(answer.status === 202 ? t.value.refundPending : t.value.refunded(formatMoney(answer.body.refundedAmount)));
  };

  return (
    <Card title={t.value.lineItems}>
      <Table
        caption={t.value.lineItems}
        rows={order.orderItems}
        keyOf={({ variantId }) => variantId}
        columns={[...columnsOf(), ...(isRefundable ? [refundColumn(quantities)] : [])]}
      />
      {isRefundable && (
        <>
          <div class="form-grid">
            <ReasonField label={t.value.reason} value={reason} placeholder={t.value.byOperator} optional />
            <CustomerReasonField value={customerReason} />
          </div>
          <div class="form-row">
            <Confirm
              label={t.value.refundSome(units)}
              title={t.value.refund}
              act={t.value.refund}
              disabled={units === 0}
              run={(context) => refund(context, false)}
            >
              {t.value.refundSomeWords(units)}
            </Confirm>
            <Confirm label={t.value.refundWhole} title={t.value.refundWhole} act={t.value.refundWhole} run={(context) => refund(context, true)}>
              {t.value.refundWholeWords(formatMoney(left))}
            </Confirm>
          </div>
        </>
      )}
    </Card>
  );
}

const columnsOf = (): Column<LineItem>[] => [
  {
    head: t.value.product,
    main: true,
    cell: ({ name, productId }) => (
      <a href={to(`/products/${productId}`)}>
        <bdi>{name}</bdi>
      </a>
    ),
  },
  { head: t.value.price, end: true, cell: ({ unitPrice }) => formatMoney(unitPrice) },
  { head: t.value.quantity, end: true, cell: ({ quantity }) => formatNumber(quantity) },
  { head: t.value.refundedColumn, end: true, cell: ({ refundedQuantity }) => formatNumber(refundedQuantity) },
];

function refundColumn(quantities: Quantities): Column<LineItem> {
  return {
    head: t.value.refundNow,
    end: true,
    cell: ({ name, variantId, quantity, refundedQuantity }) => {
      const left = quantity - refundedQuantity;
      return (
        <input
          class="few"
          type="number"
          min={0}
          max={left}
          disabled={left === 0}
          aria-label={`${t.value.refundNow}: ${name}`}
          value={quantities.value[variantId] ?? 0}
          onInput={({ currentTarget }) => {
            const wanted = Math.floor(Number(currentTarget.value) || 0);
            quantities.value = { ...quantities.value, [variantId]: Math.min(left, Math.max(0, wanted)) };
          }}
        />
      );
    },
  };
}
