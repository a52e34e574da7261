// The payment method: balance, or a method of the gateway, which opens its window. A simulated card has no window: the visitor chooses its
// outcome.

import { type Signal, signal } from "@preact/signals";
import { isRefusal, isUndecided } from "#client";
import { currentPath, redirect, to } from "../router.ts";
import { openWindow, type WindowMethod } from "../../shared/payment-window.ts";
import { shopInfo } from "../../shared/shop-info.ts";
import type { ActionContext } from "../attempt.ts";
import { t } from "../words/words.ts";
import { Money } from "./parts.tsx";

export type Method = "BALANCE" | WindowMethod;
export type SimulatedOutcome = "approve" | "decline" | "timeout";
/** How an order is paid at the gateway: with a simulated card, or in a window that is opened for a method. */
export type CardChoice = SimulatedOutcome | WindowMethod;

/** The methods of the gateway that this page can use: those of its window, or a simulated card. Empty until the page knows. */
export function gatewayMethods(): WindowMethod[] {
  const info = shopInfo.value;
  if (info === null || !info.paymentMethods.includes("CARD")) return [];
  if (info.cards === "simulated") return ["CARD"];
  const taken = info.paymentWindow?.methods ?? [];
  return WINDOW_METHODS.filter((method) => taken.includes(method) || (method === "CARD" && taken.includes("EASY_PAY")));
}

const WINDOW_METHODS: WindowMethod[] = ["CARD", "TRANSFER", "VIRTUAL_ACCOUNT"];

/** The choice that a form sends for this method; null for a payment from the balance. */
export function cardChoice(method: Method, outcome: SimulatedOutcome): CardChoice | null {
  if (method === "BALANCE" || !gatewayMethods().includes(method)) return null;
  return shopInfo.value?.cards === "simulated" ? outcome : method;
}

/** Whether this choice leaves the page for the gateway's window. */
export const opensWindow = (choice: CardChoice): choice is WindowMethod => WINDOW_METHODS.some((method) => method === choice);

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
  const offered = gatewayMethods();
  const byCard = offered.some((name) => name === method.value);
  const takesCardsElsewhere = offered.length === 0 && (shopInfo.value?.paymentMethods.includes("CARD") ?? false);
  return (
    <fieldset class="panel" id={CHOICE} disabled={fixed}>
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
      {offered.map((name) => (
        <label class="pick" key={name}>
          <input type="radio" name="method" checked={method.value === name} onChange={() => (method.value = name)} />
          <span class="pick-body">
            <strong>{simulated ? t.value.payCard : windowName(name)}</strong>
            <span class="muted">{simulated ? t.value.cardSimulated : name === "VIRTUAL_ACCOUNT" ? t.value.depositHint : t.value.windowHint}</span>
          </span>
        </label>
      ))}
      {takesCardsElsewhere && (
        <label class="pick unusable">
          <input type="radio" name="method" disabled />
          <span class="pick-body">
            <strong>{t.value.payCard}</strong>
            <span class="muted">{t.value.cardElsewhere}</span>
          </span>
        </label>
      )}
      {simulated && byCard && <Simulated outcome={outcome} />}
    </fieldset>
  );
}

/**
 * The chosen method, beside the button that pays. On a phone the choice itself may be out of view, and a button leads to it. A balance that is
 * too low is told here on every screen.
 */
export function ChosenMethod({ method, balance, toPay, fixed }: Omit<PayWithProps, "outcome" | "method"> & { method: Method }) {
  const offered = gatewayMethods();
  const atGateway = offered.find((name) => name === method);
  const isShort = atGateway === undefined && balance < toPay;
  if (offered.length === 0 && !isShort) return null;
  const name = atGateway === undefined ? t.value.payBalance : shopInfo.value?.cards === "simulated" ? t.value.payCard : windowName(atGateway);
  return (
    <p class={`chosen-method ${isShort ? "short" : ""}`}>
      {isShort ? <span class="row-warning">{t.value.balanceShortBy(toPay - balance)}</span> : <span class="muted">{name}</span>}
      {offered.length === 0 ? (
        <a class="text-button" href={to("/balance", { amount: String(toPay - balance), next: currentPath() })}>
          {t.value.chargeFirst}
        </a>
      ) : (
        <button type="button" class="text-button" disabled={fixed} onClick={showChoice}>
          {t.value.changeMethod}
        </button>
      )}
    </p>
  );
}

const CHOICE = "payment-methods";

function showChoice(): void {
  const choice = document.getElementById(CHOICE);
  choice?.scrollIntoView({ block: "center" });
  choice?.querySelector<HTMLElement>("input:checked")?.focus({ preventScroll: true });
}

const windowName = (method: WindowMethod): string =>
  ({ CARD: t.value.payCardWindow, TRANSFER: t.value.payTransfer, VIRTUAL_ACCOUNT: t.value.payVirtualAccount })[method];

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

type PaidOrder = { orderId: string; orderItems: { name: string }[]; itemCount?: number; taxFreeAmount?: number };

/**
 * Pays a placed order at the gateway and returns the outcome; `window`: the page is left for the gateway's window.
 * Errors: no decision by the shop; the caller repeats the same action.
 */
export async function payAtGateway(
  { shop, key, userId }: ActionContext,
  { orderId, orderItems, itemCount = orderItems.length, taxFreeAmount = 0 }: PaidOrder,
  expectedAmount: number,
  choice: CardChoice,
): Promise<"placed" | "declined" | "pending" | "unpaid" | "window"> {
  if (opensWindow(choice) && expectedAmount > 0) {
    const orderName = t.value.andMore(orderItems[0]?.name ?? "", itemCount - 1);
    // "Back" from the window's page leads to the order, and not to a checkout of what is ordered already.
    redirect(to(`/orders/${orderId}`));
    openWindow({ target: { kind: "order", id: orderId }, orderName, amount: expectedAmount, taxFreeAmount, customerKey: userId, method: choice });
    return "window";
  }
  const outcome = opensWindow(choice) ? "approve" : choice;
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
