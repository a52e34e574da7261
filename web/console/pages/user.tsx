import { useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { CustomerReasonField, NumberField, ReasonField } from "../parts/fields.tsx";
import { Card, Id, NotLoaded, Status, Title, When } from "../parts/parts.tsx";
import { type List, ListTable, useList } from "../parts/table.tsx";
import type { Transaction } from "#client";
import { statusWord, t } from "../words/words.ts";

export function User({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => {
    const [user, balance] = await Promise.all([shop.getUser({ path: { id }, signal }), shop.getBalance({ path: { userId: id }, signal })]);
    return { ...user.body, balance: balance.body.balance };
  });
  const ledger = useList(`ledger ${id}`, async (cursor, signal) => {
    const { body } = await shop.listTransactions({ path: { userId: id }, query: { limit: 50, ...cursor }, signal });
    return { rows: body.transactions, next: body.nextCursor };
  });
  if (data === undefined) return <NotLoaded title={t.value.user} error={error} retry={reload} />;
  return (
    <>
      <Title
        side={
          <a class="button small quiet" href={to("/orders", { user: id })}>
            {t.value.userOrders}
          </a>
        }
      >
        <bdi>{data.name}</bdi>
      </Title>
      <Card>
        <dl class="facts">
          <div>
            <dt>{t.value.balance}</dt>
            <dd class="number large">{formatMoney(data.balance)}</dd>
          </div>
          <div>
            <dt>{t.value.externalId}</dt>
            <dd>
              <bdi>{data.externalId ?? "–"}</bdi>
            </dd>
          </div>
          <div>
            <dt>{t.value.number}</dt>
            <dd class="id whole">{id}</dd>
          </div>
        </dl>
        <div class="form-row">
          <Grant
            userId={id}
            granted={async () => {
              ledger.reload();
              await reload();
            }}
          />
        </div>
      </Card>
      <Card title={t.value.ledger}>
        <Ledger list={ledger} />
      </Card>
    </>
  );
}

function Grant({ userId, granted }: { userId: string; granted: () => Promise<void> }) {
  const [amount, reason, customerReason] = [useSignal(""), useSignal(""), useSignal("")];
  return (
    <Confirm
      needs="balances"
      label={t.value.grant}
      title={t.value.grant}
      act={t.value.grant}
      tone="primary"
      quiet={false}
      opened={() => void (amount.value = reason.value = customerReason.value = "")}
      run={async ({ key, shop }) => {
        const toCustomer = customerReason.value.trim();
        const grant = { userId, amount: Number(amount.value), reason: reason.value.trim() };
        await shop.grantBalances({
          body: { grants: [{ ...grant, ...(toCustomer === "" ? {} : { customerReason: toCustomer }) }] },
          idempotencyKey: key,
        });
        await granted();
      }}
    >
      <NumberField label={t.value.amount} value={amount} min={1} />
      <ReasonField label={t.value.reason} value={reason} />
      <CustomerReasonField value={customerReason} />
      <p>{t.value.grantWords(formatMoney(Number(amount.value) || 0))}</p>
    </Confirm>
  );
}

function Ledger({ list }: { list: List<Transaction> }) {
  return (
    <ListTable
      list={list}
      caption={t.value.ledger}
      keyOf={({ transactionId }) => transactionId}
      columns={[
        { head: t.value.kind, main: true, cell: ({ type }) => statusWord(type) },
        { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
        { head: t.value.amount, end: true, cell: ({ amount }) => formatMoney(amount) },
        { head: t.value.balance, end: true, cell: ({ balanceAfter }) => (balanceAfter === null ? "–" : formatMoney(balanceAfter)) },
        { head: t.value.order, cell: ({ orderId }) => (orderId ? <Id of={orderId} href={to(`/orders/${orderId}`)} /> : "–") },
        {
          head: t.value.reason,
          cell: ({ reason, customerReason }) => (
            <>
              <bdi class="clip">{reason ?? "–"}</bdi>
              {customerReason && <bdi class="clip muted">{customerReason}</bdi>}
            </>
          ),
        },
        { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
      ]}
    />
  );
}
