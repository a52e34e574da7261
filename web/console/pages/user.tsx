import { useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { NumberField, ReasonField } from "../parts/fields.tsx";
import { Card, Id, Status, Title, Unread, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { statusWord, t } from "../words/words.ts";

export function User({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => {
    const [user, balance] = await Promise.all([shop.getUser({ path: { id }, signal }), shop.getBalance({ path: { userId: id }, signal })]);
    return { ...user.body, balance: balance.body.balance };
  });
  const ledger = useList(id, async (cursor, signal) => {
    const { body } = await shop.listTransactions({ path: { userId: id }, query: { limit: 50, ...cursor }, signal });
    return { rows: body.transactions, next: body.nextCursor };
  });
  const [amount, reason] = [useSignal(""), useSignal("")];
  if (data === undefined) return <Unread title={t.value.user} error={error} retry={reload} />;
  return (
    <>
      <Title
        side={
          <a class="button small quiet" href={to("/orders", { user: id })}>
            {t.value.theirOrders}
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
          <Confirm
            label={t.value.grant}
            title={t.value.grant}
            act={t.value.grant}
            tone="primary"
            quiet={false}
            opened={() => {
              amount.value = "";
              reason.value = "";
            }}
            run={async ({ key, shop }) => {
              await shop.grantBalances({
                body: { grants: [{ userId: id, amount: Number(amount.value), reason: reason.value.trim() }] },
                idempotencyKey: key,
              });
              amount.value = "";
              reason.value = "";
              ledger.reload();
              await reload();
            }}
          >
            <NumberField label={t.value.amount} value={amount} min={1} />
            <ReasonField label={t.value.reason} value={reason} />
            <p>{t.value.grantWords(1, formatMoney(Number(amount.value) || 0))}</p>
          </Confirm>
        </div>
      </Card>
      <Card title={t.value.ledger}>
        <ListTable
          list={ledger}
          caption={t.value.ledger}
          keyOf={({ transactionId }) => transactionId}
          columns={[
            { head: t.value.kind, main: true, cell: ({ type }) => statusWord(type) },
            { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
            { head: t.value.amount, end: true, cell: ({ amount }) => formatMoney(amount) },
            { head: t.value.balance, end: true, cell: ({ balanceAfter }) => (balanceAfter === null ? "–" : formatMoney(balanceAfter)) },
            { head: t.value.order, cell: ({ orderId }) => (orderId ? <Id of={orderId} href={to(`/orders/${orderId}`)} /> : "–") },
            { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
          ]}
        />
      </Card>
    </>
  );
}
