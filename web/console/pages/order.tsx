// One order: its state, what to do next, its items, parcels, returns and history.

import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { alerts, MOST_COUNTED } from "../alerts.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { JournalLink } from "../parts/journal-link.tsx";
import { Card, Fact, Id, Notice, NotLoaded, Status, Title, When } from "../parts/parts.tsx";
import { RefundAccountFields, useRefundAccount } from "../parts/refund-account.tsx";
import { mayRead } from "../session.ts";
import { a } from "../words/attention.ts";
import { o } from "../words/orders.ts";
import { eventWord, fulfilmentWord, t } from "../words/words.ts";
import { OrderItems } from "./order-items.tsx";
import { OrderParcels } from "./order-parcels.tsx";
import { OrderReturns } from "./order-returns.tsx";

export type OrderDetail = Body<"getOrder">;
export type OrderEvent = Body<"getOrderHistory">["events"][number];
/** Shows a message about the action, and reads the order again. */
export type Done = (words: string) => Promise<void>;

export function Order({ id }: { id: string }) {
  const { data, error, reload } = useResource(`order ${id}`, async (signal) => {
    const path = { orderId: id };
    const [order, history, returns] = await Promise.all([
      shop.getOrder({ path, signal }),
      shop.getOrderHistory({ path, signal }),
      shop.listReturnsOfOrder({ path, query: { limit: 100 }, signal }),
    ]);
    const user = mayRead("customers") ? (await shop.getUser({ path: { id: order.body.userId }, signal }).catch(() => null))?.body : undefined;
    return { order: order.body, events: history.body.events, returns: returns.body.returns, user };
  });
  const message = useSignal<string | null>(null);
  if (data === undefined) return <NotLoaded title={t.value.order} error={error} retry={reload} />;
  const { order, events, returns, user } = data;
  const done: Done = async (words) => {
    message.value = words;
    await reload();
  };
  return (
    <>
      <Title
        about={order.orderNumber}
        side={
          <>
            <Status of={order.status} />
            {order.fulfilmentStatus !== "NONE" && <Status of={order.fulfilmentStatus} word={fulfilmentWord} />}
            <CancelOrder order={order} done={done} />
            <JournalLink subject={id} />
          </>
        }
      >
        {t.value.order} <span class="number">{order.orderNumber}</span>
      </Title>
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <InDoubt orderId={id} />
      <div class="columns">
        <Card>
          <Facts order={order} user={user} />
        </Card>
        <Card title={o.value.address}>
          <Address order={order} />
        </Card>
      </div>
      <OrderItems order={order} refunded={done} />
      <div class="columns">
        <OrderParcels order={order} returns={returns} done={done} />
        {returns.length > 0 && <OrderReturns order={order} returns={returns} done={done} />}
        <Card title={t.value.history}>
          <ol class="history">
            {events.map((event, i) => (
              <li key={i}>
                <span>
                  {eventWord(event.type)} <HistoryDetail event={event} />
                </span>
                <When at={event.at} seconds />
              </li>
            ))}
          </ol>
        </Card>
      </div>
    </>
  );
}

/** Money of this order that waits for a person's word. The menu's mark says whether any does. */
function InDoubt({ orderId }: { orderId: string }) {
  const count = alerts.value.payments ?? 0;
  const { data } = useResource(`in doubt ${count}`, async (signal) =>
    count === 0 ? [] : (await shop.listPaymentsAttention({ query: { limit: MOST_COUNTED }, signal })).body.payments,
  );
  const own = data?.filter((payment) => payment.orderId === orderId) ?? [];
  if (own.length === 0) return null;
  return (
    <Notice kind="warn">
      <p>
        {[...new Set(own.map(({ kind }) => a.value[kind]))].join(", ")} <a href={to("/payments")}>{a.value.resolve}</a>
      </p>
    </Notice>
  );
}

function Facts({ order, user }: { order: OrderDetail; user: { name: string } | undefined }) {
  const { orderId, userId, createdAt, payment, totalAmount, discountAmount, refundedAmount, note } = order;
  return (
    <dl class="facts">
      <Fact name={o.value.buyer}>
        {user ? (
          <a href={to(`/users/${userId}`)}>
            <bdi>{user.name}</bdi>
          </a>
        ) : (
          <Id of={userId} href={to(`/users/${userId}`)} />
        )}
      </Fact>
      <Fact name={t.value.at}>
        <When at={createdAt} />
      </Fact>
      <Fact name={t.value.payment}>
        {payment ? t.value[payment.method === "CARD" ? "card" : "fromBalance"] : t.value.unpaid}{" "}
        {payment && payment.status !== order.status && <Status of={payment.status} />}
      </Fact>
      <Fact name={t.value.total}>{formatMoney(totalAmount)}</Fact>
      {discountAmount > 0 && <Fact name={t.value.discount}>−{formatMoney(discountAmount)}</Fact>}
      <Fact name={t.value.toPay}>{formatMoney(totalAmount - discountAmount)}</Fact>
      {refundedAmount > 0 && <Fact name={t.value.refundedColumn}>{formatMoney(refundedAmount)}</Fact>}
      {note !== null && (
        <Fact name={o.value.note} wide>
          <bdi>{note}</bdi>
        </Fact>
      )}
      <Fact name={t.value.number} wide>
        <span class="id whole">{orderId}</span>
      </Fact>
    </dl>
  );
}

function Address({ order: { shippingAddress } }: { order: OrderDetail }) {
  if (shippingAddress === null) return <p class="muted">{o.value.noAddress}</p>;
  const { recipient, phone, postalCode, line1, line2, country, note } = shippingAddress;
  return (
    <dl class="facts">
      <Fact name={o.value.recipient}>
        <bdi>{recipient}</bdi>
      </Fact>
      <Fact name={o.value.phone}>
        <bdi>{phone}</bdi>
      </Fact>
      <Fact name={o.value.address} wide>
        <bdi>{[`(${postalCode})`, line1, line2, country].filter(Boolean).join(" ")}</bdi>
      </Fact>
      {note && (
        <Fact name={o.value.addressNote} wide>
          <bdi>{note}</bdi>
        </Fact>
      )}
    </dl>
  );
}

/** The details beside the name of an event: the sum and the reasons of a refund, the number of a parcel. */
function HistoryDetail({ event }: { event: OrderEvent }) {
  const { amount, reason, customerReason, carrier, trackingNumber } = (event.data ?? {}) as Record<string, unknown>;
  const words = [
    typeof amount === "number" ? formatMoney(amount) : "",
    ...[carrier, trackingNumber, reason, customerReason].map((value) => (typeof value === "string" ? value : "")),
  ].filter(Boolean);
  return words.length === 0 ? null : <bdi class="muted">{words.join(" · ")}</bdi>;
}

function CancelOrder({ order, done }: { order: OrderDetail; done: Done }) {
  const isPaid = order.status === "COMPLETED";
  const hasShipped = order.shipments.length > 0;
  const account = useRefundAccount(order);
  if (order.status !== "PENDING" && (!isPaid || hasShipped)) return null;
  return (
    <Confirm
      needs="orders"
      label={o.value.cancelOrder}
      dismiss={o.value.keep}
      opened={() => isPaid && account.opened()}
      run={async ({ key, shop }) => {
        await account.send((body) => shop.cancelOrder({ path: { orderId: order.orderId }, body, idempotencyKey: key }));
        await done(o.value.cancelled);
      }}
    >
      <p>{isPaid ? o.value.cancelWords : o.value.cancelUnpaidWords}</p>
      <RefundAccountFields refund={account} />
    </Confirm>
  );
}
