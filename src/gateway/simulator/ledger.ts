// The simulated gateway's book: what was captured and given back, by the rules of the real one. It knows neither HTTP nor misbehaviour.

import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { GatewayStatus } from "../gateway.ts";

export type Cancel = { amount: number; reason: string; at: number; transactionKey: string; leftAfter: number };
/** `left` is what is still held of the amount: 0 until it is captured. */
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

type Remembered = { fingerprint: string; outcome: Outcome };
type Entry = { payment: LedgerPayment } | { key: string; remembered: Remembered };

export class GatewayLedger {
  readonly payments = new Map<string, LedgerPayment>();
  readonly #remembered = new Map<string, Remembered>();
  readonly #file: number | undefined;

  /** @param path where the book is kept; without one it is gone with the process */
  constructor(path?: string) {
    if (path === undefined) return;
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n")) this.#read(line);
    this.#file = openSync(path, "a", 0o600);
    writeSync(this.#file, "\n"); // Whatever a crash cut off stands on a line of its own.
  }

  /** The first outcome of this key, if there was one. The same key with another request is refused. */
  remembered(key: string | undefined, fingerprint: string): Outcome | undefined {
    const found = key === undefined ? undefined : this.#remembered.get(key);
    if (found && found.fingerprint !== fingerprint) return failure(400, "INVALID_REQUEST", "the idempotency key was used for another request");
    return found?.outcome;
  }

  confirm(wanted: { paymentKey: string; orderId: string; amount: number }, decline: boolean, key: string | undefined, fingerprint: string): Outcome {
    const before = this.remembered(key, fingerprint);
    if (before) return before;
    return this.#remember(key, fingerprint, this.#confirm(wanted, decline));
  }

  cancel(
    wanted: { paymentKey: string; amount: number | undefined; reason: string },
    decline: boolean,
    key: string | undefined,
    fingerprint: string,
  ): Outcome {
    const before = this.remembered(key, fingerprint);
    if (before) return before;
    return this.#remember(key, fingerprint, this.#cancel(wanted, decline));
  }

  find(paymentKey: string): Outcome {
    const payment = this.payments.get(paymentKey);
    return payment ? { status: 200, payment } : failure(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제 입니다.");
  }

  /** Movements in the order in which they happened. */
  transactions(from: number, to: number): LedgerTransaction[] {
    const moved: LedgerTransaction[] = [];
    for (const { paymentKey, orderId, amount, approvedAt, transactionKey, cancels } of this.payments.values()) {
      if (approvedAt === null || transactionKey === null) continue;
      moved.push({ transactionKey, paymentKey, orderId, status: "DONE", amount, at: approvedAt });
      for (const cancel of cancels) {
        moved.push({
          transactionKey: cancel.transactionKey,
          paymentKey,
          orderId,
          status: cancel.leftAfter === 0 ? "CANCELED" : "PARTIAL_CANCELED",
          amount: -cancel.amount,
          at: cancel.at,
        });
      }
    }
    return moved.filter(({ at }) => at >= from && at < to).sort((a, b) => a.at - b.at || (a.transactionKey < b.transactionKey ? -1 : 1));
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
      this.#keep(payment);
      return failure(403, "REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.");
    }
    const done: LedgerPayment = { ...payment, status: "DONE", left: amount, approvedAt: now, transactionKey: newTransactionKey() };
    this.#keep(done);
    return { status: 200, payment: done };
  }

  #cancel({ paymentKey, amount, reason }: { paymentKey: string; amount: number | undefined; reason: string }, decline: boolean): Outcome {
    const payment = this.payments.get(paymentKey);
    if (!payment) return this.find(paymentKey);
    if (payment.status === "CANCELED") return failure(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.");
    if (decline || (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED"))
      return failure(403, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.");
    const back = amount ?? payment.left;
    if (back <= 0 || back > payment.left) return failure(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.");
    const left = payment.left - back;
    const cancel: Cancel = { amount: back, reason, at: Date.now(), transactionKey: newTransactionKey(), leftAfter: left };
    const changed: LedgerPayment = { ...payment, left, status: left === 0 ? "CANCELED" : "PARTIAL_CANCELED", cancels: [...payment.cancels, cancel] };
    this.#keep(changed);
    return { status: 200, payment: changed };
  }

  #remember(key: string | undefined, fingerprint: string, outcome: Outcome): Outcome {
    if (key !== undefined) {
      this.#remembered.set(key, { fingerprint, outcome });
      this.#write({ key, remembered: { fingerprint, outcome } });
    }
    return outcome;
  }

  #keep(payment: LedgerPayment): void {
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
    else this.#remembered.set(entry.key, entry.remembered);
  }
}

export function failure(status: number, code: string, message: string): Outcome {
  return { status, code, message };
}

function newTransactionKey(): string {
  return randomBytes(16).toString("hex").toUpperCase();
}
