// Returns: of one order, and of all.

import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { Confirm } from "../parts/confirm.tsx";
import { CustomerReasonField, ReasonField } from "../parts/fields.tsx";
import { Card, Status, When } from "../parts/parts.tsx";
import { RefundAccountFields, useRefundAccount } from "../parts/refund-account.tsx";
import { o } from "../words/orders.ts";
import { t } from "../words/words.ts";
import type { Done, OrderDetail } from "./order.tsx";
import { refundOf, RestockField } from "./order-items.tsx";

export type OneReturn = Body<"listReturnsOfOrder">["returns"][number];

export function OrderReturns({ order, returns, done }: { order: OrderDetail; returns: OneReturn[]; done: Done }) {
  const nameOf = (id: string): string => order.orderItems.find(({ variantId }) => variantId === id)?.name ?? `…${id.slice(-10)}`;
  return (
    <Card title={o.value.returns}>
      <ul class="parcels">
        {returns.map((one) => (
          <li key={one.returnId}>
            <p>
              <Status of={one.status} /> <When at={one.createdAt} />
            </p>
            <p class="muted">
              {one.items.map(({ variantId, quantity }) => (
                <span key={variantId}>
                  <bdi>{nameOf(variantId)}</bdi> × {formatNumber(quantity)}{" "}
                </span>
              ))}
            </p>
            <p>
              {o.value.returnReason}: <bdi>{one.reason}</bdi>
            </p>
            {one.rejection && (
              <p class="muted">
                <bdi>{one.rejection}</bdi>
              </p>
            )}
            <ReturnSteps one={one} order={order} done={done} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** @param order the order of the return, if it is known: then the dialog says the sum of the refund */
export function ReturnSteps({ one, order, done }: { one: OneReturn; order?: OrderDetail; done: Done }) {
  const [reason, customerReason, restock] = [useSignal(""), useSignal(""), useSignal(true)];
  const units = Object.fromEntries(one.items.map(({ variantId, quantity }) => [variantId, quantity]));
  const amount = order && refundOf(order, units);
  const account = useRefundAccount({ orderId: one.orderId, payment: order?.payment, amount, hasAccount: one.hasRefundReceiveAccount });
  if (one.status !== "REQUESTED") return null;
  const path = { id: one.returnId };
  return (
    <span class="actions">
      <Confirm
        needs="fulfilment"
        label={o.value.receive}
        title={o.value.receiveAct}
        tone="primary"
        opened={() => {
          restock.value = true;
          account.opened();
        }}
        run={async ({ key, shop }) => {
          const answer = await account.send((part) => shop.receiveReturn({ path, body: { restock: restock.value, ...part }, idempotencyKey: key }));
          await done(answer.status === 202 ? t.value.refundPending : o.value.received);
        }}
      >
        <p class="sum">{amount === undefined ? o.value.receiveAnyWords : o.value.receiveWords(formatMoney(amount))}</p>
        <RestockField value={restock} />
        {one.hasRefundReceiveAccount && <p class="muted">{o.value.refundAccountGiven}</p>}
        <RefundAccountFields refund={account} />
      </Confirm>
      <Confirm
        needs="fulfilment"
        label={o.value.reject}
        title={o.value.rejectAct}
        opened={() => (reason.value = customerReason.value = "")}
        run={async ({ key, shop }) => {
          const toCustomer = customerReason.value.trim();
          const body = { reason: reason.value.trim(), ...(toCustomer === "" ? {} : { customerReason: toCustomer }) };
          await shop.rejectReturn({ path, body, idempotencyKey: key });
          await done(o.value.rejected);
        }}
      >
        <p>{o.value.rejectWords}</p>
        <ReasonField label={t.value.reason} value={reason} />
        <CustomerReasonField value={customerReason} />
      </Confirm>
    </span>
  );
}
