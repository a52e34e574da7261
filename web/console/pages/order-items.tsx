import { type Signal, useSignal } from "@preact/signals";
import { refundShares } from "../../../src/order/refund/refund-shares.ts";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import type { ActionContext } from "../attempt.ts";
import { Confirm } from "../parts/confirm.tsx";
import { CustomerReasonField, ReasonField } from "../parts/fields.tsx";
import { Card, Field } from "../parts/parts.tsx";
import { RefundAccountFields, useRefundAccount } from "../parts/refund-account.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { mayChange } from "../session.ts";
import { o } from "../words/orders.ts";
import { t } from "../words/words.ts";
import type { Done, OrderDetail } from "./order.tsx";

type LineItem = OrderDetail["orderItems"][number];
/** Units to refund now, by variant. */
type Quantities = Record<string, number>;

/** The refund of these units, as the shop will compute it: their share of the payment. */
export function refundOf(order: OrderDetail, quantities: Quantities): number {
  const after = order.orderItems.map((item) => ({ ...item, refundedQuantity: item.refundedQuantity + (quantities[item.variantId] ?? 0) }));
  return refundShares(order, order.orderItems, after).reduce((sum, share) => sum + share, 0);
}

/** The order's line items, and the refund of some or all of them. */
export function OrderItems({ order, refunded }: { order: OrderDetail; refunded: Done }) {
  const quantities = useSignal<Quantities>({});
  const isRefundable = ["COMPLETED", "PARTIALLY_REFUNDED"].includes(order.status) && mayChange("refunds");
  const chosen = quantities.value;
  const units = order.orderItems.reduce((sum, { variantId }) => sum + (chosen[variantId] ?? 0), 0);
  const rest = Object.fromEntries(order.orderItems.map(({ variantId, quantity, refundedQuantity }) => [variantId, quantity - refundedQuantity]));
  const done: Done = async (words) => {
    quantities.value = {};
    await refunded(words);
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
        <div class="form-row">
          <Refund order={order} quantities={chosen} label={t.value.refundSome(units)} disabled={units === 0} done={done} />
          <Refund order={order} quantities={rest} label={t.value.refundWhole} disabled={false} done={done} whole />
        </div>
      )}
    </Card>
  );
}

type RefundProps = { order: OrderDetail; quantities: Quantities; label: string; disabled: boolean; done: Done; whole?: boolean };

/** The button and the dialog of a refund. The dialog says the sum before it is confirmed. */
function Refund({ order, quantities, label, disabled, done, whole = false }: RefundProps) {
  const [reason, customerReason, restock] = [useSignal(""), useSignal(""), useSignal(true)];
  const sum = refundOf(order, quantities);
  const account = useRefundAccount({ ...order, amount: sum });
  const units = Object.values(quantities).reduce((sum, quantity) => sum + quantity, 0);
  const amount = formatMoney(sum);
  const run = async ({ key, shop }: ActionContext): Promise<void> => {
    const items = Object.entries(quantities).flatMap(([variantId, quantity]) => (quantity > 0 ? [{ variantId, quantity }] : []));
    const body = {
      reason: reason.value.trim() || t.value.byOperator,
      ...(customerReason.value.trim() === "" ? {} : { customerReason: customerReason.value.trim() }),
      ...(restock.value ? {} : { restock: false }),
      ...(whole ? {} : { items }),
    };
    const answer = await account.send((part) => shop.refundOrder({ path: { id: order.orderId }, body: { ...body, ...part }, idempotencyKey: key }));
    await done(answer.status === 202 ? t.value.refundPending : t.value.refunded(formatMoney(answer.body.refundedAmount)));
  };
  return (
    <Confirm
      needs="refunds"
      label={label}
      title={label}
      act={o.value.refundAct(amount)}
      disabled={disabled}
      opened={() => {
        reason.value = customerReason.value = "";
        restock.value = true;
        account.opened();
      }}
      run={run}
    >
      <p class="sum">{o.value.refundSum(units, amount)}</p>
      <p class="muted">{o.value.refundSumHint}</p>
      <ReasonField label={t.value.reason} value={reason} placeholder={t.value.byOperator} optional />
      <CustomerReasonField value={customerReason} />
      <RestockField value={restock} />
      <RefundAccountFields refund={account} />
    </Confirm>
  );
}

export function RestockField({ value }: { value: Signal<boolean> }) {
  return (
    <Field label={o.value.restock}>
      <span class="check">
        <input type="checkbox" checked={value.value} onChange={({ currentTarget }) => (value.value = currentTarget.checked)} />
        {o.value.restockWords}
      </span>
    </Field>
  );
}

const columnsOf = (): Column<LineItem>[] => [
  {
    head: t.value.product,
    main: true,
    cell: ({ name, productId, sku }) => (
      <>
        <a href={to(`/products/${productId}`)}>
          <bdi>{name}</bdi>
        </a>
        {sku !== null && <bdi class="id muted clip">{sku}</bdi>}
      </>
    ),
  },
  { head: t.value.price, end: true, cell: ({ unitPrice }) => formatMoney(unitPrice) },
  { head: t.value.quantity, end: true, cell: ({ quantity }) => formatNumber(quantity) },
  { head: t.value.refundedColumn, end: true, cell: ({ refundedQuantity }) => formatNumber(refundedQuantity) },
];

function refundColumn(quantities: Signal<Quantities>): Column<LineItem> {
  return {
    head: t.value.refundNow,
    end: true,
    cell: ({ name, variantId, quantity, refundedQuantity }) => (
      <UnitsField
        label={`${t.value.refundNow}: ${name}`}
        max={quantity - refundedQuantity}
        value={quantities.value[variantId] ?? 0}
        change={(units) => (quantities.value = { ...quantities.value, [variantId]: units })}
      />
    ),
  };
}

/** A number of units from 0 to `max`. */
export function UnitsField({ label, max, value, change }: { label: string; max: number; value: number; change: (units: number) => void }) {
  return (
    <input
      class="few"
      type="number"
      inputMode="numeric"
      min={0}
      max={max}
      disabled={max === 0}
      aria-label={label}
      value={value}
      onInput={({ currentTarget }) => change(Math.min(max, Math.max(0, Math.floor(Number(currentTarget.value) || 0))))}
    />
  );
}
