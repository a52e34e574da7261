import { useSignal } from "@preact/signals";
import type { Attempt } from "../../shared/attempt.ts";
import { formatMoney } from "../../shared/languages.ts";
import { openWindow } from "../../shared/payment-window.ts";
import { route, to } from "../router.ts";
import { shopInfo } from "../../shared/shop-info.ts";
import { useAttempt } from "../attempt.ts";
import { t } from "../words/words.ts";
import { Failure, Notice, Skeleton, Spinner } from "./parts.tsx";
import { gatewayMethods, paymentKeyFor, Simulated, type SimulatedOutcome } from "./pay-with.tsx";

const digitsOf = (text: string): string => text.replaceAll(/\D/g, "").slice(0, 15);

/** Tops up the balance of the signed-in user. */
export function ChargeForm({ changed }: { changed: () => Promise<void> }) {
  const message = useSignal<{ kind: "good" | "warn"; words: string } | null>(null);
  const { query } = route.value;
  const next = query.get("next");
  const amount = useSignal(digitsOf(query.get("amount") ?? "50000"));
  const outcome = useSignal<SimulatedOutcome>("approve");
  const info = shopInfo.value;
  const byCard = info?.balanceFunding === "gateway";
  // A charge takes no deposits.
  const method = gatewayMethods().find((one) => one !== "VIRTUAL_ACCOUNT");
  const inWindow = byCard && info.cards !== "simulated" && method !== undefined;
  const charge = useAttempt(async ({ key, userId, shop }, chargedAmount: number, by: SimulatedOutcome) => {
    message.value = null;
    if (inWindow) {
      const { chargeId, amount } = (await shop.openCharge({ path: { userId }, body: { amount: chargedAmount }, idempotencyKey: key })).body;
      const target = { kind: "charge", id: chargeId } as const;
      return openWindow({ target, orderName: t.value.chargeName, amount, taxFreeAmount: 0, customerKey: userId, method });
    }
    try {
      const answer = await shop.chargeBalance({
        path: { userId },
        body: { amount: chargedAmount, ...(byCard ? { paymentKey: paymentKeyFor(by, key) } : {}) },
        idempotencyKey: key,
      });
      // Nothing stays armed: another charge needs another amount.
      amount.value = "";
      message.value =
        answer.status === 202 ? { kind: "warn", words: t.value.chargePending } : { kind: "good", words: t.value.charged(chargedAmount) };
    } finally {
      await changed();
    }
  }, "charge");
  const isFixed = charge.busy || charge.undecided !== null;
  if (!info) return <Skeleton lines={2} />;
  if (info.balanceFunding === "operator" || (byCard && info.cards !== "simulated" && !inWindow)) return <p class="muted">{t.value.chargeByShop}</p>;
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
      <Presets max={info.chargeMax} chosen={wanted} disabled={isFixed} choose={(preset) => (amount.value = String(preset))} />
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
      {byCard && !inWindow && <Simulated outcome={outcome} />}
      {inWindow && <p class="muted">{t.value.windowHint}</p>}
      <ChargeResult shown={message.value === null && charge.error === undefined} next={next} />
      <button type="submit" class="button primary wide number" disabled={!fits && !isFixed} aria-disabled={charge.busy}>
        {charge.busy && <Spinner />}
        {buttonLabel(charge, fits ? wanted : 0)}
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

/** The outcome of a charge in the gateway's window, from which the visitor has come back. */
function ChargeResult({ shown, next }: { shown: boolean; next: string | null }) {
  const result = route.value.query.get("result");
  const words = {
    charged: t.value.chargedInWindow,
    pending: t.value.chargePending,
    declined: t.value.chargeDeclined,
    left: t.value.chargeNotPaid,
    refused: t.value.chargeNotPaid,
  }[result ?? ""];
  if (!shown || words === undefined) return null;
  return (
    <Notice kind={result === "charged" ? "good" : result === "declined" ? "bad" : "warn"}>
      {words} {next !== null && next.startsWith("/") && <a href={to(next)}>{t.value.continueOrder}</a>}
    </Notice>
  );
}

function buttonLabel({ busy, undecided }: Attempt<[number, SimulatedOutcome]>, amount: number): string {
  if (busy) return t.value.charging;
  return undecided ? `${t.value.checkAgain} · ${formatMoney(undecided.args[0])}` : t.value.charge(amount);
}

const PRESETS = [10_000, 50_000, 100_000];

type PresetsProps = { max: number; chosen: number; disabled: boolean; choose: (amount: number) => void };

function Presets({ max, chosen, disabled, choose }: PresetsProps) {
  return (
    <div class="choice-row">
      {PRESETS.filter((preset) => preset <= max).map((preset) => (
        <button
          key={preset}
          type="button"
          class="button small quiet number"
          aria-pressed={chosen === preset}
          aria-disabled={disabled}
          onClick={() => !disabled && choose(preset)}
        >
          {formatMoney(preset)}
        </button>
      ))}
    </div>
  );
}
