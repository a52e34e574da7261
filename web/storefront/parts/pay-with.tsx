// The payment method: balance or card. Without a real gateway the card is simulated, and the visitor chooses its outcome.

import { type Signal, signal } from "@preact/signals";
import { isRefusal, isUndecided } from "#client";
import { currentPath, to } from "../../shared/router.ts";
import { shopInfo } from "../../shared/shop-info.ts";
import type { ActionContext } from "../attempt.ts";
import { t } from "../words/words.ts";
import { Money } from "./parts.tsx";

export type Method = "BALANCE" | "CARD";
export type SimulatedOutcome = "approve" | "decline" | "timeout";

/** Whether the shop takes cards; false until the page knows. */
export const takesCards = (): boolean => shopInfo.value?.paymentMethods.includes("CARD") ?? false;

type PayWithProps = {
  method: Signal<Method>;
  outcome: Signal<SimulatedOutcome>;
  balance: number;
  toPay: number;
  /** The choice is fixed because a payment is in progress. */
  fixed: boolean;
};

export function PayWith({ method, outcome, balance, toPay, fixed }: PayWithProps) {
  const short = toPay - balance;
  const simulated = shopInfo.value?.cards === "simulated";
  const byCard = method.value === "CARD" && takesCards();
  return (
    <fieldset class="panel" disabled={fixed}>
      <legend>{t.value.payWith}</legend>
      <label class="pick">
        <input type="radio" name="method" checked={!byCard} onChange={() => (method.value = "BALANCE")} />
        <span class="pick-body">
          <strong>{t.value.payBalance}</strong>
          <span class="muted number">{t.value.balanceNow(balance)}</span>
          {!byCard && short <= 0 && <span class="muted number">{t.value.balanceAfter(-short)}</span>}
          {!byCard && short > 0 && (
            <span class="row-warning">
              {t.value.balanceShort(short)} · <a href={to("/balance", { amount: String(short), next: currentPath() })}>{t.value.chargeFirst}</a>
            </span>
          )}
        </span>
      </label>
      {takesCards() && (
        <label class={`pick ${simulated ? "" : "unusable"}`}>
          <input type="radio" name="method" disabled={!simulated} checked={byCard} onChange={() => (method.value = "CARD")} />
          <span class="pick-body">
            <strong>{t.value.payCard}</strong>
            <span class="muted">{simulated ? t.value.cardSimulated : t.value.cardElsewhere}</span>
          </span>
        </label>
      )}
      {simulated && byCard && <Simulated outcome={outcome} />}
    </fieldset>
  );
}

export function Simulated({ outcome }: { outcome: Signal<SimulatedOutcome> }) {
  const names = { approve: t.value.cardApproves, decline: t.value.cardDeclines, timeout: t.value.cardDelays };
  return (
    <div class="simulated" role="group" aria-label={t.value.cardOutcome}>
      <span class="muted">{t.value.cardOutcome}</span>
      <div class="choice-row">
        {(Object.keys(names) as SimulatedOutcome[]).map((name) => (
          <label key={name}>
            <input type="radio" name="outcome" checked={outcome.value === name} onChange={() => (outcome.value = name)} />
            <span>{names[name]}</span>
          </label>
        ))}
      </div>
    </div>
  );
}

/** A payment key for the simulated gateway. Its prefix determines the outcome. */
export function paymentKeyFor(outcome: SimulatedOutcome, key: string): string {
  return `${outcome}_${key}`.slice(0, 200);
}

/** Why the last unpaid order was not paid, for its page. */
export const unpaidReason = signal<{ orderId: string; error: unknown } | null>(null);

/** Pays a placed order by card and returns the outcome. Errors: no decision by the shop; the caller repeats the same action. */
export async function payByCard(
  { shop, key }: ActionContext,
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
    unpaidReason.value = { orderId, error };
    return "unpaid";
  }
}

export function AmountRow({ label, amount }: { label: string; amount: number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Money amount={amount} />
      </dd>
    </div>
  );
}
