// Adapter for the Toss Payments core API. No error names the secret, the host or a card.

import {
  type Cancellation,
  type Confirmation,
  type Gateway,
  type GatewayAnswer,
  type GatewayPayment,
  type GatewaySettlement,
  type GatewayTransaction,
  GatewayUnknown,
} from "../gateway.ts";
import { cutText } from "../../text.ts";
import { amountToWire } from "./amounts.ts";
import { GatewayPolicy, type GatewayPolicyOptions } from "./gateway-policy.ts";
import { codeOf, readPayment, readTransactions, temporaryError } from "./messages.ts";
import { readSettlements } from "./settlements.ts";

export type Operation = "confirm" | "cancel" | "find" | "transactions" | "settlements";

/** Called after each call that was sent. `outcome` is the HTTP status, or `no answer`. */
export type OnCall = (call: { operation: Operation; outcome: string; seconds: number }) => void;

export type TossOptions = GatewayPolicyOptions & {
  /** The API's origin, without a path. */
  url: string;
  secret: string;
  /** The shop's currency: amounts are in its minor units. */
  currency: string;
  onCall?: OnCall;
};

type Request = { operation: Operation; method: "GET" | "POST"; path: string; body?: unknown; idempotencyKey?: string };
type Reply = { status: number; body: unknown };

const PAGE_SIZE = 1000;
const LEDGER_TIMEOUT_MS = 60_000;
const REPLY_MAX_BYTES = 8 * 1024 * 1024;
/** Toss reads a time without a zone as Korean time. */
const KST_MS = 9 * 3_600_000;

export class TossGateway implements Gateway {
  readonly currency: string;
  readonly #url: string;
  readonly #authorization: string;
  readonly #onCall: OnCall;
  readonly policy: GatewayPolicy;
  /** Reading the ledger may take a minute, and must not open the circuit breaker for payments. */
  readonly #ledgerPolicy: GatewayPolicy;

  constructor({ url, secret, currency, onCall = () => {}, ...policy }: TossOptions) {
    this.currency = currency;
    this.#url = url.replace(/\/+$/, "");
    this.#authorization = `Basic ${Buffer.from(`${secret}:`).toString("base64")}`;
    this.#onCall = onCall;
    this.policy = new GatewayPolicy(policy);
    this.#ledgerPolicy = new GatewayPolicy({ ...policy, timeoutMs: Math.max(policy.timeoutMs, LEDGER_TIMEOUT_MS) });
  }

  confirm({ idempotencyKey, paymentKey, orderId, amount }: Confirmation): Promise<GatewayAnswer> {
    return this.#change({
      operation: "confirm",
      method: "POST",
      path: "/v1/payments/confirm",
      body: { paymentKey, orderId, amount: amountToWire(amount, this.currency) },
      idempotencyKey,
    });
  }

  cancel({ idempotencyKey, paymentKey, amount, taxFreeAmount, reason, receiveAccount }: Cancellation): Promise<GatewayAnswer> {
    const body = {
      cancelReason: cutText(reason, 200),
      ...(amount === null ? {} : { cancelAmount: amountToWire(amount, this.currency) }),
      ...(taxFreeAmount ? { taxFreeAmount: amountToWire(taxFreeAmount, this.currency) } : {}),
      ...(receiveAccount ? { refundReceiveAccount: receiveAccount } : {}),
    };
    return this.#change({ operation: "cancel", method: "POST", path: `/v1/payments/${encodeURIComponent(paymentKey)}/cancel`, body, idempotencyKey });
  }

  async find(paymentKey: string): Promise<GatewayPayment | undefined> {
    const { status, body } = await this.#call({ operation: "find", method: "GET", path: `/v1/payments/${encodeURIComponent(paymentKey)}` });
    if (status === 200) return readPayment(body);
    // Whatever its code: the gateway has no such payment. A proxy's 404 has no code, so it is temporary.
    if (status === 404 || codeOf(body) === "NOT_FOUND_PAYMENT") return undefined;
    throw new GatewayUnknown(codeOf(body), { gatewayFailed: false, answered: true });
  }

  async *transactions(from: number, to: number): AsyncGenerator<GatewayTransaction> {
    for (let after: string | undefined; ;) {
      const query = new URLSearchParams({
        startDate: seoulTime(from),
        endDate: seoulTime(to),
        limit: String(PAGE_SIZE),
        ...(after === undefined ? {} : { startingAfter: after }),
      });
      const { status, body } = await this.#call({ operation: "transactions", method: "GET", path: `/v1/transactions?${query.toString()}` });
      if (status !== 200) throw new GatewayUnknown(codeOf(body), { gatewayFailed: false, answered: true });
      const page = readTransactions(body);
      for (const transaction of page) if (Number.isNaN(transaction.at) || (transaction.at >= from && transaction.at < to)) yield transaction;
      if (page.length < PAGE_SIZE) return;
      after = page.at(-1)?.transactionKey;
    }
  }

  async *settlements(from: number, to: number): AsyncGenerator<GatewaySettlement> {
    const [startDate, endDate] = [seoulTime(from).slice(0, 10), seoulTime(to).slice(0, 10)];
    for (let page = 1; ; page++) {
      const query = new URLSearchParams({ startDate, endDate, dateType: "soldDate", page: String(page), size: String(PAGE_SIZE) });
      const { status, body } = await this.#call({ operation: "settlements", method: "GET", path: `/v1/settlements?${query.toString()}` });
      if (status !== 200) throw new GatewayUnknown(codeOf(body), { gatewayFailed: false, answered: true });
      const rows = readSettlements(body);
      yield* rows;
      if (rows.length < PAGE_SIZE) return;
    }
  }

  admit<T>(work: () => Promise<T>): Promise<T> {
    return this.policy.admit(work);
  }

  /** Aborts all calls. Their outcomes are unknown, and settlement finds them out later. */
  stop(): void {
    this.policy.stop();
    this.#ledgerPolicy.stop();
  }

  async #change(request: Request): Promise<GatewayAnswer> {
    const { status, body, sent } = await this.#call(request);
    return status === 200 ? { kind: "payment", payment: readPayment(body) } : { kind: "refused", code: codeOf(body), repeated: sent > 1 };
  }

  /** Returns only definite replies: 200, or a final refusal. `sent` counts the requests. Errors: GatewayUnknown, GatewayBusy. */
  #call(request: Request): Promise<Reply & { sent: number }> {
    const policy = request.operation === "transactions" || request.operation === "settlements" ? this.#ledgerPolicy : this.policy;
    let sent = 0;
    return policy.call(async (signal) => {
      sent++;
      const startedAt = performance.now();
      let outcome = "no answer";
      try {
        const reply = await this.#send(request, signal);
        outcome = String(reply.status);
        const temporary = temporaryError(reply.status, reply.body, kindOf(request.operation));
        if (temporary) throw temporary;
        return { ...reply, sent };
      } finally {
        this.#onCall({ operation: request.operation, outcome, seconds: (performance.now() - startedAt) / 1000 });
      }
    });
  }

  async #send({ method, path, body, idempotencyKey }: Request, signal: AbortSignal): Promise<Reply> {
    try {
      const response = await fetch(this.#url + path, {
        method,
        signal,
        redirect: "error", // The secret must not go to another host.
        headers: {
          authorization: this.#authorization,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await readJson(response) };
    } catch (error) {
      if (error instanceof GatewayUnknown) throw error;
      throw new GatewayUnknown(signal.aborted ? "TIMEOUT" : "CONNECTION_BROKEN", {
        cause: signal.aborted ? undefined : (error as { cause?: { code?: unknown } }).cause?.code,
      });
    }
  }
}

/** A body that is not JSON is null unless the status is 200: the error page of a proxy has a status that counts. */
async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > REPLY_MAX_BYTES) throw new GatewayUnknown("ANSWER_TOO_LARGE");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    if (response.status === 200) throw new GatewayUnknown("ANSWER_NOT_UNDERSTOOD", { answered: true });
    return null;
  }
}

function kindOf(operation: Operation): "read" | "confirm" | "cancel" {
  return operation === "confirm" || operation === "cancel" ? operation : "read";
}

function seoulTime(at: number): string {
  return new Date(at + KST_MS).toISOString().slice(0, 23);
}
