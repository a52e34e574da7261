import { useSignal } from "@preact/signals";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import type { Mine } from "../attempt.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Card, Field, Id, Notice, Status, Title, Unread, When } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { eventWord, t } from "../words/words.ts";

export function Order({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => {
    const path = { orderId: id };
    const [order, history] = await Promise.all([shop.getOrder({ path, signal }), shop.getOrderHistory({ path, signal })]);
    return { order: order.body, events: history.body.events };
  });
  const quantities = useSignal<Record<string, number>>({});
  const reason = useSignal("");
  const said = useSignal<string | null>(null);

  if (data === undefined) return <Unread title={t.value.order} error={error} retry={reload} />;
  const { order, events } = data;
  const leftOf = (item: (typeof order.orderItems)[number]): number => item.quantity - item.refundedQuantity;
  const refundable = ["COMPLETED", "PARTIALLY_REFUNDED"].includes(order.status);
  const items = order.orderItems.flatMap((item) =>
    (quantities.value[item.variantId] ?? 0) > 0 ? [{ variantId: item.variantId, quantity: quantities.value[item.variantId] as number }] : [],
  );
  const pieces = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const paid = order.totalAmount - order.discountAmount;

  const refund = async ({ key, shop }: Mine, whole: boolean): Promise<void> => {
    const body = { reason: reason.value.trim() || t.value.byOperator, ...(whole ? {} : { items }) };
    const answer = await shop.refundOrder({ path: { id }, body, idempotencyKey: key });
    quantities.value = {};
    said.value = answer.status === 202 ? t.value.refundUnderWay : t.value.refunded(formatMoney(answer.body.refundedAmount));
    await reload();
  };

  return (
    <>
      <Title side={<Status of={order.status} />}>{t.value.order}</Title>
      {said.value && <Notice kind="good">{said.value}</Notice>}
      <div class="columns">
        <Card>
          <dl class="facts">
            <Fact name={t.value.number}>
              <span class="id whole">{order.orderId}</span>
            </Fact>
            <Fact name={t.value.user}>
              <Id of={order.userId} href={to(`/users/${order.userId}`)} />
            </Fact>
            <Fact name={t.value.at}>
              <When at={order.createdAt} />
            </Fact>
            <Fact name={t.value.payment}>{order.payment ? t.value[order.payment.method === "CARD" ? "card" : "fromBalance"] : t.value.unpaid}</Fact>
            <Fact name={t.value.total}>{formatMoney(order.totalAmount)}</Fact>
            {order.discountAmount > 0 && <Fact name={t.value.discount}>−{formatMoney(order.discountAmount)}</Fact>}
            <Fact name={t.value.toPay}>{formatMoney(paid)}</Fact>
            <Fact name={t.value.givenBack}>{formatMoney(order.refundedAmount)}</Fact>
          </dl>
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
      <Card title={t.value.bought}>
        <Table
          caption={t.value.bought}
          rows={order.orderItems}
          keyOf={({ variantId }) => variantId}
          columns={[
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
            { head: t.value.pieces, end: true, cell: ({ quantity }) => formatNumber(quantity) },
            { head: t.value.givenBack, end: true, cell: ({ refundedQuantity }) => formatNumber(refundedQuantity) },
            ...(refundable
              ? [
                  {
                    head: t.value.giveBackNow,
                    end: true,
                    cell: (item: (typeof order.orderItems)[number]) => (
                      <input
                        class="few"
                        type="number"
                        min={0}
                        max={leftOf(item)}
                        disabled={leftOf(item) === 0}
                        aria-label={`${t.value.giveBackNow}: ${item.name}`}
                        value={quantities.value[item.variantId] ?? 0}
                        onInput={({ currentTarget }) =>
                          (quantities.value = {
                            ...quantities.value,
                            [item.variantId]: Math.min(leftOf(item), Math.max(0, Math.floor(Number(currentTarget.value) || 0))),
                          })
                        }
                      />
                    ),
                  },
                ]
              : []),
          ]}
        />
        {refundable && (
          <div class="form-row">
            <Field label={t.value.reason}>
              <input
                maxLength={500}
                value={reason.value}
                placeholder={t.value.byOperator}
                onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
              />
            </Field>
            <Confirm
              label={t.value.refundSome(pieces)}
              title={t.value.refund}
              act={t.value.refund}
              disabled={pieces === 0}
              run={(mine) => refund(mine, false)}
            >
              {t.value.refundSomeWords(pieces)}
            </Confirm>
            <Confirm label={t.value.refundWhole} title={t.value.refundWhole} act={t.value.refundWhole} run={(mine) => refund(mine, true)}>
              {t.value.refundWholeWords(formatMoney(paid - order.refundedAmount))}
            </Confirm>
          </div>
        )}
      </Card>
    </>
  );
}

function Fact({ name, children }: { name: string; children: import("preact").ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
