// The simulated gateway's ledger: captures and refunds by the rules of the real gateway. It knows neither HTTP nor scripts.

import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { GatewayStatus } from "../gateway.ts";

export type Cancel = { amount: number; reason: string; at: number; transactionKey: string; leftAfter: number };
/** `left`: the captured amount that has not gone back; 0 before the capture. */
export type LedgerPayment = {
  paymentKey: string;
  orderId: string;
  amount: number;
  left: number;
  status: GatewayStatus;
  requestedAt: number;
  approvedAt: number | null;
  transactionKey: string | null;
  cancels: Cancel[];
};
export type LedgerTransaction = { transactionKey: string; paymentKey: string; orderId: string; status: GatewayStatus; amount: number; at: number };
export type Outcome = { status: number; payment: LedgerPayment } | { status: number; code: string; message: string };

type StoredOutcome = { fingerprint: string; outcome: Outcome };
/** One line of the file. */
type Entry = { payment: LedgerPayment } | { key: string; remembered: StoredOutcome };

export class GatewayLedger {
  readonly payments = new Map<string, LedgerPayment>();
  readonly #outcomes = new Map<string, StoredOutcome>();
  readonly #file: number | undefined;

  /** @param path the ledger's file; without one it is kept in memory */
  constructor(path?: string) {
    if (path === undefined) return;
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n")) this.#read(line);
    this.#file = openSync(path, "a", 0o600);
    writeSync(this.#file, "\n"); // A line that a crash cut off must not join the next one.
  }

  /** The stored outcome of an idempotency key. The same key with another request is refused. */
  #storedOutcome(key: string | undefined, fingerprint: string): Outcome | undefined {
    const found = key === undefined ? undefined : this.#outcomes.get(key);
    if (found && found.fingerprint !== fingerprint) return failure(400, "INVALID_REQUEST", "the idempotency key was used for another request");
    return found?.outcome;
  }

  confirm(wanted: { paymentKey: string; orderId: string; amount: number }, decline: boolean, key: string | undefined, fingerprint: string): Outcome {
    const stored = this.#storedOutcome(key, fingerprint);
    if (stored) return stored;
    return this.#storeOutcome(key, fingerprint, this.#confirm(wanted, decline));
  }

  cancel(
    wanted: { paymentKey: string; amount: number | undefined; reason: string },
    decline: boolean,
    key: string | undefined,
    fingerprint: string,
  ): Outcome {
    const stored = this.#storedOutcome(key, fingerprint);
    if (stored) return stored;
    return this.#storeOutcome(key, fingerprint, this.#cancel(wanted, decline));
  }

  find(paymentKey: string): Outcome {
    const payment = this.payments.get(paymentKey);
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

  #confirm({ paymentKey, orderId, amount }: { paymentKey: string; orderId: string; amount: number }, decline: boolean): Outcome {
    const known = this.payments.get(paymentKey);
    if (known && known.status !== "ABORTED") return failure(400, "ALREADY_PROCESSED_PAYMENT", "이미 처리된 결제 입니다.");
    const now = Date.now();
    const payment: LedgerPayment = {
      paymentKey,
      orderId,
      amount,
      left: 0,
      status: "ABORTED",
      requestedAt: now,
      approvedAt: null,
      transactionKey: null,
      cancels: [],
    };
    if (decline) {
      this.#store(payment);
      return failure(403, "REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.");
    }
    const done: LedgerPayment = { ...payment, status: "DONE", left: amount, approvedAt: now, transactionKey: newTransactionKey() };
    this.#store(done);
    return { status: 200, payment: done };
  }

  #cancel({ paymentKey, amount, reason }: { paymentKey: string; amount: number | undefined; reason: string }, decline: boolean): Outcome {
    const payment = this.payments.get(paymentKey);
    if (!payment) return this.find(paymentKey);
    if (payment.status === "CANCELED") return failure(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.");
    if (decline || (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED"))
      return failure(403, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.");
    const refunded = amount ?? payment.left;
    if (refunded <= 0 || refunded > payment.left) return failure(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.");
    const left = payment.left - refunded;
    const cancel: Cancel = { amount: refunded, reason, at: Date.now(), transactionKey: newTransactionKey(), leftAfter: left };
    const changed: LedgerPayment = { ...payment, left, status: left === 0 ? "CANCELED" : "PARTIAL_CANCELED", cancels: [...payment.cancels, cancel] };
    this.#store(changed);
    return { status: 200, payment: changed };
  }

  #storeOutcome(key: string | undefined, fingerprint: string, outcome: Outcome): Outcome {
    if (key !== undefined) {
      this.#outcomes.set(key, { fingerprint, outcome });
      this.#write({ key, remembered: { fingerprint, outcome } });
    }
    return outcome;
  }

  #store(payment: LedgerPayment): void {
    this.payments.set(payment.paymentKey, payment);
    this.#write({ payment });
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
    if ("payment" in entry) this.payments.set(entry.payment.paymentKey, entry.payment);
    else this.#outcomes.set(entry.key, entry.remembered);
  }
}

export function failure(status: number, code: string, message: string): Outcome {
  return { status, code, message };
}

function newTransactionKey(): string {
  return randomBytes(16).toString("hex").toUpperCase();
}
