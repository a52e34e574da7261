import { useSignal } from "@preact/signals";
import { everyPage, type Transaction } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { to } from "../router.ts";
import { shop } from "../api.ts";
import { ChargeForm } from "../parts/charge-form.tsx";
import { Empty, Failure, Money, Skeleton, Title } from "../parts/parts.tsx";
import { useUserResource } from "../parts/user-resource.ts";
import { t } from "../words/words.ts";

export function Balance() {
  const balance = useUserResource("balance", async (userId, signal) => (await shop.getBalance({ path: { userId }, signal })).body, { everyMs: 5000 });
  const pages = useSignal(1);
  const ledger = useUserResource(`ledger ${pages.value} ${balance.data?.version ?? ""}`, (userId, signal) => readLedger(userId, pages.value, signal));
  // The ledger stays while its next page is loading.
  const latest = useSignal(ledger.data);
  if (ledger.data && latest.peek() !== ledger.data) latest.value = ledger.data;
  const shown = ledger.data ?? latest.value;
  return (
    <>
      <Title>{t.value.myBalance}</Title>
      <div class="with-aside">
        <section class="panel later">
          <h2>{t.value.ledger}</h2>
          {!shown && (ledger.error === undefined ? <Skeleton lines={4} /> : <Failure error={ledger.error} retry={() => void ledger.reload()} />)}
          {shown?.transactions.length === 0 && <Empty icon="wallet" title={t.value.noLedger} hint={t.value.noLedgerHint} />}
          <ul class="ledger">
            {shown?.transactions.map((transaction) => (
              <Entry key={transaction.transactionId} transaction={transaction} />
            ))}
          </ul>
          {shown?.more && (
            <p class="more">
              <button type="button" class="button quiet" onClick={() => (pages.value += 1)}>
                {t.value.more}
              </button>
            </p>
          )}
        </section>
        <aside class="sum">
          {balance.error !== undefined && !balance.data && <Failure error={balance.error} retry={() => void balance.reload()} />}
          <p class="balance" aria-live="polite">
            {balance.data ? <Money amount={balance.data.balance} /> : <span class="bone" />}
          </p>
          <ChargeForm changed={balance.reload} />
        </aside>
      </div>
    </>
  );
}

async function readLedger(userId: string, count: number, signal: AbortSignal): Promise<{ transactions: Transaction[]; more: boolean }> {
  const transactions: Transaction[] = [];
  let pages = 0;
  for await (const page of everyPage((from) => shop.listTransactions({ path: { userId }, query: { limit: 20, ...from }, signal }))) {
    transactions.push(...page.transactions);
    if (++pages === count) return { transactions, more: page.nextCursor !== null };
  }
  return { transactions, more: false };
}

function Entry({ transaction: { type, status, amount, balanceAfter, orderId, createdAt } }: { transaction: Transaction }) {
  return (
    <li class={`entry ${status.toLowerCase()}`}>
      <span class="entry-body">
        <span>
          {orderId ? <a href={to(`/orders/${orderId}`)}>{t.value[type]}</a> : t.value[type]}
          {status === "PENDING" && <span class="pill">{t.value.pendingTransaction}</span>}
          {status === "FAILED" && <span class="pill gone">{t.value.failed}</span>}
        </span>
        <span class="muted">{formatInstant(createdAt)}</span>
      </span>
      <span class="entry-amount">
        <span class={amount < 0 ? "minus" : "plus"}>
          {amount > 0 && "+"}
          <Money amount={amount} />
        </span>
        {balanceAfter !== null && <span class="muted number">{t.value.afterwards(balanceAfter)}</span>}
      </span>
    </li>
  );
}
