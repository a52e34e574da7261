// The simulated gateway's ledger: captures and refunds by the rules of the real gateway. It knows neither HTTP nor scripts.

import { randomBytes, randomInt } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { GatewayStatus } from "../gateway.ts";
import { type Cancel, failure, type LedgerPayment, type Outcome, type PaymentSession, refusalOf, taxFreeLeft } from "./ledger-payment.ts";

export type LedgerTransaction = { transactionKey: string; paymentKey: string; orderId: string; status: GatewayStatus; amount: number; at: number };

/** A request with its idempotency key, and a hash of its content. */
export type KeyedRequest = { key: string | undefined; fingerprint: string };
/** `amount` undefined: all that is left. `account`: the number of the account for the money, if the request names one. */
type CancelRequest = { paymentKey: string; amount: number | undefined; taxFree: number; reason: string; account: string | undefined };
type Wanted = { paymentKey: string; orderId: string; amount: number };
type StoredOutcome = { fingerprint: string; outcome: Outcome; at?: number };
/** One line of the file. */
type Entry = { payment: LedgerPayment } | { key: string; remembered: StoredOutcome };

const KEY_LASTS_MS = 15 * 86_400_000;
/** How long an authorization lasts. */
export const AUTHORIZATION_MS = 30 * 60_000;
/** How long a buyer may take for a deposit, if the window does not say. */
const DEPOSIT_HOURS = 168;
const HOUR_MS = 3_600_000;
const DUPLICATED_ORDER_ID = failure(400, "DUPLICATED_ORDER_ID", "이미 승인 및 취소가 진행된 중복된 주문번호 입니다.");

export class GatewayLedger {
  readonly payments = new Map<string, LedgerPayment>();
  readonly #outcomes = new Map<string, StoredOutcome>();
  /** The payment keys of captured payments by order id. */
  readonly #captured = new Map<string, string>();
  readonly #file: number | undefined;
  readonly #now: () => number;

  /** @param path the ledger's file; without one it is kept in memory */
  constructor(path?: string, now: () => number = Date.now) {
    this.#now = now;
    if (path === undefined) return;
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n")) this.#read(line);
    this.#file = openSync(path, "as", 0o600); // Synced, because a gateway forgets no capture in a power failure.
    writeSync(this.#file, "\n"); // A line that a crash cut off must not join the next one.
  }

  /**
   * Runs an effect once per idempotency key, and binds its outcome to the key: a repeat gets the same answer for 15 days, also if it is a
   * temporary error. The same key with another request is refused.
   */
  once({ key, fingerprint }: KeyedRequest, effect: () => Outcome): Outcome {
    const found = key === undefined ? undefined : this.#outcomes.get(key);
    if (found && this.#now() < (found.at ?? 0) + KEY_LASTS_MS)
      return found.fingerprint === fingerprint ? found.outcome : failure(400, "INVALID_REQUEST", "the idempotency key was used for another request");
    const outcome = effect();
    if (key !== undefined) {
      const remembered = { fingerprint, outcome, at: this.#now() };
      this.#outcomes.set(key, remembered);
      this.#write({ key, remembered });
    }
    return outcome;
  }

  /**
   * The buyer has authorized this payment in a window that was opened for one order id and one amount: no other confirmation is taken.
   * Refused for an order id that has been paid, even if its money went back since.
   */
  authorize({ orderName, way, taxFree = 0, validHours, ...wanted }: Wanted & PaymentSession): Outcome {
    if (this.#isDuplicate(wanted.paymentKey, wanted.orderId)) return DUPLICATED_ORDER_ID;
    const payment = { ...this.#newPayment(wanted, "IN_PROGRESS"), session: { orderName, way, taxFree, validHours } };
    this.#store(payment);
    return { status: 200, payment };
  }

  find(paymentKey: string): Outcome {
    const payment = this.#current(paymentKey);
    return payment ? { status: 200, payment } : failure(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제 입니다.");
  }

  /** Movements in the order of time. */
  transactions(from: number, to: number): LedgerTransaction[] {
    const transactions: LedgerTransaction[] = [];
    for (const { paymentKey, orderId, amount, approvedAt, transactionKey, cancels } of this.payments.values()) {
      if (approvedAt === null || transactionKey === null) continue;
      transactions.push({ transactionKey, paymentKey, orderId, status: "DONE", amount, at: approvedAt });
      for (const cancel of cancels) {
        transactions.push({
          transactionKey: cancel.transactionKey,
          paymentKey,
          orderId,
          status: cancel.leftAfter === 0 ? "CANCELED" : "PARTIAL_CANCELED",
          amount: -cancel.amount,
          at: cancel.at,
        });
      }
    }
    return transactions.filter(({ at }) => at >= from && at < to).sort((a, b) => a.at - b.at || (a.transactionKey < b.transactionKey ? -1 : 1));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  confirm(wanted: Wanted, decline: boolean): Outcome {
    const { paymentKey, orderId, amount } = wanted;
    const known = this.#current(paymentKey);
    const refusal = known && refusalOf(known, orderId, amount);
    if (refusal) return refusal;
    if (this.#isDuplicate(paymentKey, orderId)) return DUPLICATED_ORDER_ID;
    const payment = { ...this.#newPayment(wanted, "ABORTED"), ...(known?.session ? { session: known.session } : {}) };
    if (decline) {
      this.#store(payment);
      return failure(403, "REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.");
    }
    if (payment.session?.way === "VIRTUAL_ACCOUNT") {
      const account = {
        number: randomInt(1e13).toString().padStart(14, "1"),
        dueAt: this.#now() + (payment.session.validHours ?? DEPOSIT_HOURS) * HOUR_MS,
      };
      const waiting: LedgerPayment = { ...payment, status: "WAITING_FOR_DEPOSIT", account };
      this.#store(waiting);
      return { status: 200, payment: waiting };
    }
    const done: LedgerPayment = { ...payment, status: "DONE", left: amount, approvedAt: this.#now(), transactionKey: newTransactionKey() };
    this.#store(done);
    return { status: 200, payment: done };
  }

  /** The buyer has paid to the account. Refused after its due date, and for any other payment. */
  deposit(paymentKey: string): Outcome {
    const payment = this.#current(paymentKey);
    if (payment?.status !== "WAITING_FOR_DEPOSIT") return failure(400, "NOT_WAITING_FOR_DEPOSIT", "입금할 수 없는 계좌입니다.");
    const paid: LedgerPayment = { ...payment, status: "DONE", left: payment.amount, approvedAt: this.#now(), transactionKey: newTransactionKey() };
    this.#store(paid);
    return { status: 200, payment: paid };
  }

  /** The bank takes a deposit back, because the transfer was faulty. The account waits for another one. */
  reverseDeposit(paymentKey: string): Outcome {
    const payment = this.payments.get(paymentKey);
    if (payment?.status !== "DONE" || !payment.account) return failure(400, "INVALID_REQUEST", "입금되지 않은 결제 입니다.");
    const waiting: LedgerPayment = { ...payment, status: "WAITING_FOR_DEPOSIT", left: 0, approvedAt: null, transactionKey: null };
    this.#store(waiting);
    return { status: 200, payment: waiting };
  }

  /** Sends money back. */
  cancel({ paymentKey, amount, taxFree, reason, account }: CancelRequest, decline: boolean): Outcome {
    const payment = this.#current(paymentKey);
    if (!payment) return this.find(paymentKey);
    if (payment.status === "WAITING_FOR_DEPOSIT" && !decline) {
      if (amount !== undefined) return failure(403, "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT", "입금 대기중인 결제는 부분 환불이 불가합니다.");
      const closed: LedgerPayment = { ...payment, status: "CANCELED" };
      this.#store(closed);
      return { status: 200, payment: closed };
    }
    // A deposit cannot go back the way it came. No bank has an account whose number begins with 000.
    if (payment.account && (account === undefined || account.startsWith("000")))
      return failure(400, "INVALID_REFUND_ACCOUNT_INFO", "환불 계좌번호와 예금주명이 일치하지 않습니다.");
    if (payment.status === "CANCELED") return failure(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.");
    if (decline || (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED"))
      return failure(403, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.");
    const refunded = amount ?? payment.left;
    if (refunded <= 0 || refunded > payment.left) return failure(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.");
    const left = payment.left - refunded;
    // Neither the tax-free nor the taxable part of a payment can be sent back twice.
    const taxFreePart = amount === undefined ? taxFreeLeft(payment) : taxFree;
    if (taxFreePart > taxFreeLeft(payment) || refunded - taxFreePart > payment.left - taxFreeLeft(payment))
      return failure(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.");
    const cancel: Cancel = {
      amount: refunded,
      ...(taxFreePart > 0 ? { taxFree: taxFreePart } : {}),
      reason,
      at: this.#now(),
      transactionKey: newTransactionKey(),
      leftAfter: left,
    };
    const changed: LedgerPayment = { ...payment, left, status: left === 0 ? "CANCELED" : "PARTIAL_CANCELED", cancels: [...payment.cancels, cancel] };
    this.#store(changed);
    return { status: 200, payment: changed };
  }

  /** A payment as it is now: a window in which the buyer did not finish is closed after 30 minutes. */
  #current(paymentKey: string): LedgerPayment | undefined {
    const payment = this.payments.get(paymentKey);
    const isLate = payment?.status === "WAITING_FOR_DEPOSIT" && this.#now() >= (payment.account?.dueAt ?? 0);
    const isExpired = isLate || (payment?.status === "IN_PROGRESS" && this.#now() >= payment.requestedAt + AUTHORIZATION_MS);
    return isExpired ? { ...payment, status: "EXPIRED" } : payment;
  }

  /** Whether the gateway has taken money for this order id under another key, even if it has gone back since. */
  #isDuplicate(paymentKey: string, orderId: string): boolean {
    const captured = this.#captured.get(orderId);
    return captured !== undefined && captured !== paymentKey;
  }

  #newPayment({ paymentKey, orderId, amount }: Wanted, status: GatewayStatus): LedgerPayment {
    return { paymentKey, orderId, amount, left: 0, status, requestedAt: this.#now(), approvedAt: null, transactionKey: null, cancels: [] };
  }

  #store(payment: LedgerPayment): void {
    this.#index(payment);
    this.#write({ payment });
  }

  #index(payment: LedgerPayment): void {
    this.payments.set(payment.paymentKey, payment);
    if (payment.approvedAt !== null) this.#captured.set(payment.orderId, payment.paymentKey);
  }

  #write(entry: Entry): void {
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  #read(line: string): void {
    let entry: Entry;
    try {
      entry = JSON.parse(line) as Entry;
    } catch {
      return;
    }
    if ("payment" in entry) this.#index(entry.payment);
    else this.#outcomes.set(entry.key, entry.remembered);
  }
}

function newTransactionKey(): string {
  return randomBytes(16).toString("hex").toUpperCase();
}
