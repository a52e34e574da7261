import { useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { JournalLink } from "../parts/journal-link.tsx";
import { CustomerReasonField, NumberField, ReasonField, TextField } from "../parts/fields.tsx";
import { Card, Id, Notice, NotLoaded, Status, Title, When } from "../parts/parts.tsx";
import { type List, ListTable, useList } from "../parts/table.tsx";
import type { Transaction } from "#client";
import { mayRead } from "../session.ts";
import { u } from "../words/users.ts";
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
  const message = useSignal<string | null>(null);
  if (data === undefined) return <NotLoaded title={t.value.user} error={error} retry={reload} />;
  const done = async (words: string): Promise<void> => {
    message.value = words;
    ledger.reload();
    await reload();
  };
  return (
    <>
      <Title
        about={data.name}
        side={
          <>
            {mayRead("orders") && (
              <a class="button small quiet" href={to("/orders", { user: id })}>
                {t.value.userOrders}
              </a>
            )}
            <JournalLink subject={id} />
          </>
        }
      >
        <bdi>{data.name}</bdi>
      </Title>
      {message.value && <Notice kind="good">{message.value}</Notice>}
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
          <Grant userId={id} done={done} />
          <Revoke userId={id} balance={data.balance} done={done} />
          <EditUser user={data} done={done} />
          <EraseUser userId={id} done={done} />
        </div>
      </Card>
      <Card title={t.value.ledger}>
        <Ledger list={ledger} />
      </Card>
    </>
  );
}

type Done = (words: string) => Promise<void>;

function Grant({ userId, done }: { userId: string; done: Done }) {
  const [amount, reason, customerReason] = [useSignal(""), useSignal(""), useSignal("")];
  return (
    <Confirm
      needs="balances"
      label={t.value.grant}
      title={t.value.grant}
      act={Number(amount.value) > 0 ? u.value.grantAct(formatMoney(Number(amount.value))) : t.value.grant}
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
        await done(u.value.granted(formatMoney(grant.amount)));
      }}
    >
      <NumberField label={t.value.amount} value={amount} min={1} />
      <ReasonField label={t.value.reason} value={reason} />
      <CustomerReasonField value={customerReason} />
      {Number(amount.value) > 0 && <p>{t.value.grantWords(formatMoney(Number(amount.value)))}</p>}
    </Confirm>
  );
}

function Revoke({ userId, balance, done }: { userId: string; balance: number; done: Done }) {
  const [amount, reason] = [useSignal(""), useSignal("")];
  const sum = formatMoney(Number(amount.value) || 0);
  return (
    <Confirm
      needs="balances"
      label={u.value.revoke}
      title={u.value.revoke}
      act={u.value.revokeAct(sum)}
      disabled={balance === 0}
      opened={() => (amount.value = reason.value = "")}
      run={async ({ key, shop }) => {
        const revocation = { userId, amount: Number(amount.value), reason: reason.value.trim() };
        await shop.revokeBalances({ body: { revocations: [revocation] }, idempotencyKey: key });
        await done(u.value.revoked(formatMoney(revocation.amount)));
      }}
    >
      <p>{u.value.revokeWords}</p>
      <NumberField label={t.value.amount} value={amount} min={1} max={balance} />
      <ReasonField label={t.value.reason} value={reason} />
    </Confirm>
  );
}

function EditUser({ user, done }: { user: { id: string; name: string; externalId: string | null }; done: Done }) {
  const [name, externalId] = [useSignal(user.name), useSignal(user.externalId ?? "")];
  return (
    <Confirm
      needs="customers"
      label={t.value.edit}
      title={u.value.editUser}
      act={t.value.save}
      tone="primary"
      opened={() => {
        name.value = user.name;
        externalId.value = user.externalId ?? "";
      }}
      run={async ({ key, shop }) => {
        // An external id is compared byte for byte, so that its spaces stay.
        const body = {
          ...(name.value.trim() === user.name ? {} : { name: name.value.trim() }),
          ...(externalId.value === (user.externalId ?? "") ? {} : { externalId: externalId.value || null }),
        };
        if (Object.keys(body).length > 0) await shop.editUser({ path: { id: user.id }, body, idempotencyKey: key });
        await done(t.value.saved);
      }}
    >
      <TextField label={t.value.name} value={name} max={200} />
      <TextField label={t.value.externalId} value={externalId} max={255} optional />
    </Confirm>
  );
}

function EraseUser({ userId, done }: { userId: string; done: Done }) {
  const reason = useSignal("");
  return (
    <Confirm
      needs="customers"
      label={u.value.erase}
      opened={() => (reason.value = "")}
      run={async ({ key, shop }) => {
        await shop.eraseUser({ path: { id: userId }, body: { reason: reason.value.trim() }, idempotencyKey: key });
        await done(u.value.erased);
      }}
    >
      <p>{u.value.eraseWords}</p>
      <ReasonField label={t.value.reason} value={reason} />
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
