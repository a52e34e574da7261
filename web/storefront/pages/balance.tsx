import { useSignal } from "@preact/signals";
import { everyPage, type Transaction } from "#client";
import { formatInstant, formatMoney } from "../../shared/languages.ts";
import { shopInfo } from "../../shared/shop-info.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { useUserResource } from "../parts/user-resource.ts";
import { Empty, Failure, Money, Notice, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { paymentKeyFor, Simulated, type SimulatedOutcome } from "../parts/pay-with.tsx";
import { route, to } from "../../shared/router.ts";
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

const digitsOf = (text: string): string => text.replaceAll(/\D/g, "").slice(0, 15);

const PRESETS = [10_000, 50_000, 100_000];

function ChargeForm({ changed }: { changed: () => Promise<void> }) {
  const message = useSignal<{ kind: "good" | "warn"; words: string } | null>(null);
  const { query } = route.value;
  const next = query.get("next");
  const amount = useSignal(digitsOf(query.get("amount") ?? "50000"));
  const outcome = useSignal<SimulatedOutcome>("approve");
  const info = shopInfo.value;
  const byCard = info?.balanceFunding === "gateway";
  const charge = useAttempt(async ({ key, userId, shop }, chargedAmount: number, by: SimulatedOutcome) => {
    message.value = null;
    try {
      const answer = await shop.chargeBalance({
        path: { userId },
        body: { amount: chargedAmount, ...(byCard ? { paymentKey: paymentKeyFor(by, key) } : {}) },
        idempotencyKey: key,
      });
      message.value =
        answer.status === 202 ? { kind: "warn", words: t.value.chargePending } : { kind: "good", words: t.value.charged(chargedAmount) };
    } finally {
      await changed();
    }
  }, "charge");
  const isFixed = charge.busy || charge.undecided !== null;
  if (!info) return <Skeleton lines={2} />;
  if (info.balanceFunding === "operator" || (byCard && info.cards !== "simulated")) return <p class="muted">{t.value.chargeByShop}</p>;
  const wanted = Number(amount.value);
  const fits = Number.isInteger(wanted) && wanted >= 1 && wanted <= info.chargeMax;
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits || isFixed) void charge.run(wanted, outcome.value);
      }}
    >
      <div class="choice-row">
        {PRESETS.filter((preset) => preset <= info.chargeMax).map((preset) => (
          <button
            key={preset}
            type="button"
            class="button small quiet number"
            aria-pressed={wanted === preset}
            aria-disabled={isFixed}
            onClick={() => !isFixed && (amount.value = String(preset))}
          >
            {formatMoney(preset)}
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
          readOnly={isFixed}
          value={charge.undecided ? String(charge.undecided.args[0]) : amount.value}
          onInput={(event) => (amount.value = digitsOf(event.currentTarget.value))}
          aria-describedby="charge-hint"
        />
        <span id="charge-hint" class="muted">
          {t.value.chargeHint(info.chargeMax)}
        </span>
      </label>
      {byCard && <Simulated outcome={outcome} />}
      <button type="submit" class="button primary wide number" disabled={!fits && !isFixed} aria-disabled={charge.busy}>
        {charge.busy && <Spinner />}
        {charge.busy
          ? t.value.charging
          : charge.undecided
            ? `${t.value.checkAgain} · ${formatMoney(charge.undecided.args[0])}`
            : t.value.charge(fits ? wanted : 0)}
      </button>
      {message.value && (
        <Notice kind={message.value.kind}>
          {message.value.words} {next !== null && next.startsWith("/") && <a href={to(next)}>{t.value.continueOrder}</a>}
        </Notice>
      )}
      {charge.undecided && !charge.busy && <Notice kind="warn">{t.value.chargeUnknown}</Notice>}
      {charge.error !== undefined && <Failure error={charge.error} />}
    </form>
  );
}
