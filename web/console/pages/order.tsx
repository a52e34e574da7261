import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Body } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Card, Id, Notice, NotLoaded, Status, Title, When } from "../parts/parts.tsx";
import { eventWord, t } from "../words/words.ts";
import { OrderItems } from "./order-items.tsx";

export type OrderDetail = Body<"getOrder">;

export function Order({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => {
    const path = { orderId: id };
    const [order, history] = await Promise.all([shop.getOrder({ path, signal }), shop.getOrderHistory({ path, signal })]);
    return { order: order.body, events: history.body.events };
  });
  const message = useSignal<string | null>(null);
  if (data === undefined) return <NotLoaded title={t.value.order} error={error} retry={reload} />;
  const { order, events } = data;
  return (
    <>
      <Title side={<Status of={order.status} />}>{t.value.order}</Title>
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <div class="columns">
        <Card>
          <Facts order={order} />
        </Card>
        <Card title={t.value.history}>
          <ol class="history">
            {events.map(({ type, at }, i) => (
              <li key={i}>
                <span>{eventWord(type)}</span>
                <When at={at} />
              </li>
            ))}
          </ol>
        </Card>
      </div>
      <OrderItems
        order={order}
        refunded={async (words) => {
          message.value = words;
          await reload();
        }}
      />
    </>
  );
}

function Facts({ order }: { order: OrderDetail }) {
  const { orderId, userId, createdAt, payment, totalAmount, discountAmount, refundedAmount } = order;
  return (
    <dl class="facts">
      <Fact name={t.value.number}>
        <span class="id whole">{orderId}</span>
      </Fact>
      <Fact name={t.value.user}>
        <Id of={userId} href={to(`/users/${userId}`)} />
      </Fact>
      <Fact name={t.value.at}>
        <When at={createdAt} />
      </Fact>
      <Fact name={t.value.payment}>{payment ? t.value[payment.method === "CARD" ? "card" : "fromBalance"] : t.value.unpaid}</Fact>
      <Fact name={t.value.total}>{formatMoney(totalAmount)}</Fact>
      {discountAmount > 0 && <Fact name={t.value.discount}>−{formatMoney(discountAmount)}</Fact>}
      <Fact name={t.value.toPay}>{formatMoney(totalAmount - discountAmount)}</Fact>
      <Fact name={t.value.refundedColumn}>{formatMoney(refundedAmount)}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
