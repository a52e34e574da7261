// Money in doubt, and the operator's word about it.

import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import { countAlerts } from "../alerts.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { ReasonField } from "../parts/fields.tsx";
import { Card, Id, Notice, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { a } from "../words/attention.ts";
import { gatewayReason, t } from "../words/words.ts";

type InDoubt = Body<"listPaymentsAttention">["payments"][number];
type Outcome = InDoubt["outcomes"][number];

export function PaymentsAttention() {
  const message = useSignal<string | null>(null);
  const list = useList("attention", async (cursor, signal) => {
    const { body } = await shop.listPaymentsAttention({ query: { limit: 25, ...cursor }, signal });
    return { rows: body.payments, next: body.nextCursor };
  });
  return (
    <Card title={a.value.title}>
      <p class="muted">{a.value.words}</p>
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <ListTable
        list={list}
        caption={a.value.title}
        empty={a.value.none}
        keyOf={({ id }) => id}
        columns={[
          { head: a.value.what, main: true, cell: ({ kind }) => a.value[kind] },
          { head: t.value.amount, end: true, cell: ({ amount }) => formatMoney(amount) },
          { head: a.value.why, cell: ({ reason }) => <bdi class="clip">{reason === null ? "–" : gatewayReason(reason)}</bdi> },
          { head: t.value.order, cell: ({ orderId }) => (orderId === null ? "–" : <Id of={orderId} href={to(`/orders/${orderId}`)} />) },
          { head: t.value.user, cell: ({ userId }) => (userId === null ? "–" : <Id of={userId} href={to(`/users/${userId}`)} />) },
          { head: a.value.paymentKey, cell: ({ paymentKey }) => <bdi class="id clip">{paymentKey}</bdi> },
          { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
          {
            head: t.value.actions,
            end: true,
            cell: (one) => (
              <Resolve
                one={one}
                done={async () => {
                  message.value = a.value.resolved;
                  list.reload();
                  await countAlerts("payments");
                }}
              />
            ),
          },
        ]}
      />
    </Card>
  );
}

function Resolve({ one, done }: { one: InDoubt; done: () => Promise<void> }) {
  const [outcome, reason] = [useSignal<Outcome | null>(null), useSignal("")];
  return (
    <Confirm
      needs="refunds"
      label={a.value.resolve}
      about={`${a.value[one.kind]}, ${formatMoney(one.amount)}`}
      title={a.value.resolve}
      act={a.value.resolveAct}
      opened={() => {
        outcome.value = null;
        reason.value = "";
      }}
      run={async ({ key, shop }) => {
        const body = { outcome: outcome.value as Outcome, reason: reason.value.trim() };
        await shop.resolvePayment({ path: { id: one.id }, body, idempotencyKey: key });
        await done();
      }}
    >
      <p class="sum">
        {a.value[one.kind]}: {formatMoney(one.amount)}
      </p>
      <p class="id whole">
        <bdi>{one.paymentKey}</bdi>
      </p>
      <fieldset>
        <legend>{a.value.question}</legend>
        {one.outcomes.map((value) => (
          <label key={value} class="check">
            <input type="radio" name={`outcome-${one.id}`} required checked={outcome.value === value} onChange={() => (outcome.value = value)} />
            {a.value[value]}
          </label>
        ))}
      </fieldset>
      <ReasonField label={t.value.reason} value={reason} />
      <p class="muted">{a.value.resolveWords}</p>
    </Confirm>
  );
}
