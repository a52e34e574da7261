// How an order is paid: from the balance, or by card. Without a real gateway the card is a simulated one, and says what it will do.

import { type Signal, signal } from "@preact/signals";
import { isRefusal, isUndecided } from "#client";
import type { Mine } from "../attempt.ts";
import { here, to } from "../../shared/router.ts";
import { t } from "../words/words.ts";
import { Money } from "./parts.tsx";

export type Method = "BALANCE" | "CARD";
export type SimulatedOutcome = "approve" | "decline" | "timeout";

type Props = { method: Signal<Method>; outcome: Signal<SimulatedOutcome>; balance: number; toPay: number; cards: string; fixed: boolean };

/** @param fixed nothing can be chosen now: what was chosen is under way */
export function PayWith({ method, outcome, balance, toPay, cards, fixed }: Props) {
  const short = toPay - balance;
  const simulated = cards === "simulated";
  return (
    <fieldset class="panel" disabled={fixed}>
      <legend>{t.value.payWith}</legend>
      <label class="pick">
        <input type="radio" name="method" checked={method.value === "BALANCE"} onChange={() => (method.value = "BALANCE")} />
        <span class="pick-body">
          <strong>{t.value.payBalance}</strong>
          <span class="muted number">{t.value.balanceNow(balance)}</span>
          {method.value === "BALANCE" && short <= 0 && <span class="muted number">{t.value.balanceAfter(-short)}</span>}
          {method.value === "BALANCE" && short > 0 && (
            <span class="row-warning">
              {t.value.balanceShort(short)} · <a href={to("/balance", { amount: String(short), next: here() })}>{t.value.chargeFirst}</a>
            </span>
          )}
        </span>
      </label>
      {cards !== "none" && (
        <label class={`pick ${simulated ? "" : "unusable"}`}>
          <input type="radio" name="method" disabled={!simulated} checked={method.value === "CARD"} onChange={() => (method.value = "CARD")} />
          <span class="pick-body">
            <strong>{t.value.payCard}</strong>
            <span class="muted">{simulated ? t.value.cardSimulated : t.value.cardElsewhere}</span>
          </span>
        </label>
      )}
      {simulated && method.value === "CARD" && <Simulated outcome={outcome} />}
    </fieldset>
  );
}

export function Simulated({ outcome }: { outcome: Signal<SimulatedOutcome> }) {
  const names = { approve: t.value.cardApproves, decline: t.value.cardDeclines, timeout: t.value.cardDelays };
  return (
    <div class="simulated" role="group" aria-label={t.value.cardOutcome}>
      <span class="muted">{t.value.cardOutcome}</span>
      <div class="choice-row">
        {(Object.keys(names) as SimulatedOutcome[]).map((one) => (
          <label key={one}>
            <input type="radio" name="outcome" checked={outcome.value === one} onChange={() => (outcome.value = one)} />
            <span>{names[one]}</span>
          </label>
        ))}
      </div>
    </div>
  );
}

/** A key as the simulated gateway's window would make one: its beginning says what comes of it. */
export function paymentKeyFor(outcome: SimulatedOutcome, key: string): string {
  return `${outcome}_${key}`.slice(0, 200);
}

/** Why the last order that was not paid was not, for its page. */
export const why = signal<{ orderId: string; error: unknown } | null>(null);

/** Pays an order that is placed; says how it went. Errors: where nobody knows yet, and the same has to be asked again. */
export async function payByCard(
  { shop, key }: Mine,
  orderId: string,
  expectedAmount: number,
  outcome: SimulatedOutcome,
): Promise<"placed" | "declined" | "pending" | "unpaid"> {
  try {
    const { status } = await shop.payOrder({
      body: { orderId, method: "CARD", paymentKey: paymentKeyFor(outcome, key), expectedAmount },
      idempotencyKey: `${key}-pay`,
    });
    return status === 202 ? "pending" : "placed";
  } catch (error) {
    if (isRefusal(error, "PAYMENT_DECLINED")) return "declined";
    if (isUndecided(error)) throw error;
    why.value = { orderId, error };
    return "unpaid";
  }
}

export function Paid({ label, amount }: { label: string; amount: number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Money amount={amount} />
      </dd>
    </div>
  );
}
