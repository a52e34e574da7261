// Returns of a shipped order: asking for one, and the state of those that were asked for.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type Body, isRefusal } from "#client";
import { formatInstant } from "../../../shared/languages.ts";
import { shop } from "../../api.ts";
import { useAttempt } from "../../attempt.ts";
import { itemName } from "../../names.ts";
import { t } from "../../words/words.ts";
import { Failure, Notice, Spinner, Stepper } from "../parts.tsx";
import { Sheet } from "../sheet.tsx";
import { toast } from "../toasts.tsx";
import { RefundAccountInputs, useRefundAccount } from "./refund-account.tsx";
import { type Order, useUserResource } from "../user-resource.ts";

type Return = Body<"listReturnsOfOrder">["returns"][number];

export function Returns({ order, changed }: { order: Order; changed: () => Promise<void> }) {
  const { orderId, shipments } = order;
  const isShipped = shipments.length > 0;
  const returns = useUserResource(`returns ${orderId} ${isShipped}`, async (_userId, signal) =>
    isShipped ? (await shop.listReturnsOfOrder({ path: { orderId }, query: { limit: 100 }, signal })).body.returns : [],
  );
  const reload = async (): Promise<void> => {
    await Promise.all([returns.reload(), changed()]);
  };
  if (!isShipped) return null;
  return (
    <>
      {returns.data && returns.data.length > 0 && (
        <section class="panel">
          <h2>{t.value.returns}</h2>
          <ul class="parcels">
            {returns.data.map((one) => (
              <ReturnRow key={one.returnId} of={one} order={order} changed={reload} />
            ))}
          </ul>
        </section>
      )}
      {returns.data && <RequestReturn order={order} returns={returns.data} changed={reload} />}
    </>
  );
}

function nameIn({ orderItems }: Order, variantId: string): string {
  const item = orderItems.find((one) => one.variantId === variantId);
  return item ? itemName(item) : "";
}

function ReturnRow({
  of: { returnId, status, items, reason, customerReason, createdAt },
  order,
  changed,
}: {
  of: Return;
  order: Order;
  changed: () => Promise<void>;
}) {
  const withdraw = useAttempt(async ({ key, shop }) => {
    try {
      await shop.withdrawReturn({ path: { orderId: order.orderId, returnId }, idempotencyKey: key });
    } finally {
      await changed();
    }
  });
  return (
    <li>
      <p class="parcel-head">
        <strong>{formatInstant(createdAt)}</strong>
        <span class="pill">{t.value[status]}</span>
      </p>
      <ul class="muted">
        {items.map(({ variantId, quantity }) => (
          <li key={variantId}>
            <bdi>{nameIn(order, variantId)}</bdi> {t.value.pieces(quantity)}
          </li>
        ))}
      </ul>
      <p class="muted">
        <bdi>{reason}</bdi>
      </p>
      {customerReason && (
        <Notice kind="warn">
          <bdi>{customerReason}</bdi>
        </Notice>
      )}
      {withdraw.error !== undefined && <Failure error={withdraw.error} />}
      {status === "REQUESTED" && (
        <button type="button" class="text-button" aria-disabled={withdraw.busy} onClick={() => void withdraw.run()}>
          {t.value.withdrawReturn}
        </button>
      )}
    </li>
  );
}

/** Units that were shipped, less those that were refunded or are in a return. The shop decides; its answer also knows the time limits. */
function returnable(order: Order, returns: readonly Return[]): { variantId: string; name: string; most: number }[] {
  const open = returns.filter(({ status }) => status === "REQUESTED");
  const sumOf = (lists: { items: { variantId: string; quantity: number }[] }[], wanted: string): number =>
    lists.flatMap(({ items }) => items).reduce((sum, { variantId, quantity }) => sum + (variantId === wanted ? quantity : 0), 0);
  return order.orderItems.flatMap((item) => {
    const { variantId, quantity, refundedQuantity } = item;
    const most = Math.min(sumOf(order.shipments, variantId), quantity - refundedQuantity) - sumOf(open, variantId);
    return most > 0 ? [{ variantId, name: itemName(item), most }] : [];
  });
}

function RequestReturn({ order, returns, changed }: { order: Order; returns: readonly Return[]; changed: () => Promise<void> }) {
  const sheet = useRef<HTMLDialogElement>(null);
  const quantities = useSignal<ReadonlyMap<string, number>>(new Map());
  const reason = useSignal("");
  const lines = returnable(order, returns);
  const refund = useRefundAccount(order);
  const request = useAttempt(async ({ key, shop }, wanted: { items: { variantId: string; quantity: number }[]; reason: string }) => {
    const body = { ...wanted, ...refund.body() };
    await shop.requestReturn({ path: { orderId: order.orderId }, body, idempotencyKey: key });
    sheet.current?.close();
    toast("good", t.value.returnAsked);
    await changed();
  });
  if (lines.length === 0) return null;
  const items = lines.flatMap(({ variantId }) =>
    quantities.value.get(variantId) ? [{ variantId, quantity: quantities.value.get(variantId) as number }] : [],
  );
  return (
    <form
      class="later"
      onSubmit={(event) => {
        event.preventDefault();
        if (items.length > 0) void request.run({ items, reason: reason.value.trim() });
      }}
    >
      <button
        type="button"
        class="button quiet wide"
        onClick={() => {
          const [only, ...others] = lines;
          quantities.value = new Map(only && others.length === 0 ? [[only.variantId, 1]] : []);
          sheet.current?.showModal();
        }}
      >
        {t.value.requestReturn}
      </button>
      <Sheet
        sheet={sheet}
        title={t.value.returnQuestion}
        onClose={() => {
          request.clearError();
          refund.clear();
        }}
        foot={
          <>
            {isRefusal(request.error, "ORDER_NOT_RETURNABLE") ? (
              <Notice kind="bad">{t.value.notReturnable}</Notice>
            ) : (
              request.error !== undefined && <Failure error={request.error} />
            )}
            {items.length === 0 && <p class="muted">{t.value.chooseReturn}</p>}
            <button type="submit" class="button primary wide" disabled={items.length === 0} aria-disabled={request.busy}>
              {request.busy && <Spinner />}
              {t.value.requestReturn}
            </button>
          </>
        }
      >
        <ul class="return-lines">
          {lines.map(({ variantId, name, most }) => (
            <li key={variantId}>
              <bdi>{name}</bdi>
              <Stepper
                label={t.value.quantityOf(name)}
                value={quantities.value.get(variantId) ?? 0}
                min={0}
                max={most}
                set={(quantity) => (quantities.value = new Map([...quantities.value, [variantId, quantity]]))}
              />
            </li>
          ))}
        </ul>
        <label class="field">
          <span>{t.value.returnReason}</span>
          <input
            type="text"
            required
            maxLength={500}
            placeholder={t.value.returnReasonHint}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </label>
        {refund.isNeeded && <RefundAccountInputs account={refund.account} />}
        <p class="muted">{t.value.returnHint}</p>
      </Sheet>
    </form>
  );
}
