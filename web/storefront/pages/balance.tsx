import { useSignal } from "@preact/signals";
import { everyPage, type Transaction } from "#client";
import { formatInstant, formatMoney } from "../../shared/languages.ts";
import { facts, shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { useMine } from "../parts/mine.ts";
import { Empty, Failure, Money, Notice, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { paymentKeyFor, Simulated, type SimulatedOutcome } from "../parts/pay-with.tsx";
import { place, to } from "../../shared/router.ts";
import { t } from "../words/words.ts";

export function Balance() {
  const balance = useMine("balance", async (userId, signal) => (await shop.getBalance({ path: { userId }, signal })).body, { everyMs: 5000 });
  const pages = useSignal(1);
  const ledger = useMine(`ledger ${pages.value} ${balance.data?.version ?? ""}`, (userId, signal) => readLedger(userId, pages.value, signal));
  const kept = useSignal(ledger.data);
  if (ledger.data && kept.peek() !== ledger.data) kept.value = ledger.data;
  const shown = ledger.data ?? kept.value;
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
          <Charge changed={balance.reload} />
        </aside>
      </div>
    </>
  );
}

async function readLedger(userId: string, count: number, signal: AbortSignal): Promise<{ transactions: Transaction[]; more: boolean }> {
  const transactions: Transaction[] = [];
  let read = 0;
  for await (const page of everyPage((from) => shop.listTransactions({ path: { userId }, query: { limit: 20, ...from }, signal }))) {
    transactions.push(...page.transactions);
    if (++read === count) return { transactions, more: page.nextCursor !== null };
  }
  return { transactions, more: false };
}

function Entry({ transaction: { type, status, amount, balanceAfter, orderId, createdAt } }: { transaction: Transaction }) {
  return (
    <li class={`entry ${status.toLowerCase()}`}>
      <span class="entry-body">
        <span>
          {orderId ? <a href={to(`/orders/${orderId}`)}>{t.value[type]}</a> : t.value[type]}
          {status === "PENDING" && <span class="pill">{t.value.waiting}</span>}
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

const digitsOf = (text: string): string => text.replaceAll(/\D/g, "").slice(0, 15);

const PRESETS = [10_000, 50_000, 100_000];

function Charge({ changed }: { changed: () => Promise<void> }) {
  const said = useSignal<{ kind: "good" | "warn"; words: string } | null>(null);
  const { query } = place.value;
  const next = query.get("next");
  const amount = useSignal(digitsOf(query.get("amount") ?? "50000"));
  const outcome = useSignal<SimulatedOutcome>("approve");
  const how = facts.value;
  const byCard = how?.balanceFunding === "gateway";
  const charge = useAttempt(async ({ key, userId, shop }, wanted: number, by: SimulatedOutcome) => {
    said.value = null;
    try {
      const answer = await shop.chargeBalance({
        path: { userId },
        body: { amount: wanted, ...(byCard ? { paymentKey: paymentKeyFor(by, key) } : {}) },
        idempotencyKey: key,
      });
      said.value = answer.status === 202 ? { kind: "warn", words: t.value.chargePending } : { kind: "good", words: t.value.charged(wanted) };
    } finally {
      await changed();
    }
  }, "charge");
  const fixed = charge.busy || charge.open !== null;
  if (!how) return <Skeleton lines={2} />;
  if (how.balanceFunding === "operator" || (byCard && how.cards !== "simulated")) return <p class="muted">{t.value.chargeByShop}</p>;
  const wanted = Number(amount.value);
  const fits = Number.isInteger(wanted) && wanted >= 1 && wanted <= how.chargeMax;
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits || fixed) void charge.run(wanted, outcome.value);
      }}
    >
      <div class="choice-row">
        {PRESETS.filter((one) => one <= how.chargeMax).map((one) => (
          <button
            key={one}
            type="button"
            class="button small quiet number"
            aria-pressed={wanted === one}
            aria-disabled={fixed}
            onClick={() => !fixed && (amount.value = String(one))}
          >
            {formatMoney(one)}
          </button>
        ))}
      </div>
      <label class="field">
        <span>{t.value.chargeAmount}</span>
        <input
          class="number"
          inputMode="numeric"
          pattern="[0-9]*"
          required
          readOnly={fixed}
          value={charge.open ? String(charge.open.given[0]) : amount.value}
          onInput={(event) => (amount.value = digitsOf(event.currentTarget.value))}
          aria-describedby="charge-hint"
        />
        <span id="charge-hint" class="muted">
          {t.value.chargeHint(how.chargeMax)}
        </span>
      </label>
      {byCard && <Simulated outcome={outcome} />}
      <button type="submit" class="button primary wide number" disabled={!fits && !fixed} aria-disabled={charge.busy}>
        {charge.busy && <Spinner />}
        {charge.busy
          ? t.value.charging
          : charge.open
            ? `${t.value.findOut} · ${formatMoney(charge.open.given[0])}`
            : t.value.charge(fits ? wanted : 0)}
      </button>
      {said.value && (
        <Notice kind={said.value.kind}>
          {said.value.words} {next !== null && next.startsWith("/") && <a href={to(next)}>{t.value.goOn}</a>}
        </Notice>
      )}
      {charge.open && !charge.busy && <Notice kind="warn">{t.value.chargeUnheard}</Notice>}
      {charge.error !== undefined && <Failure error={charge.error} />}
    </form>
  );
}
