// A gateway to try the shop with: a real server that speaks the gateway's HTTP, keeps a book and misbehaves as it is told (script.ts).

import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { GatewayLedger, type LedgerPayment, failure, type Outcome } from "./ledger.ts";
import { amountFromWire, TOSS_DEFAULT_CURRENCY } from "../toss/amounts.ts";
import { paymentJson, transactionJson } from "./payment-json.ts";
import { page } from "./page.ts";
import { keyFor, scriptOf, STEPS, type Step, stepAt, WEBHOOKS, type Webhook } from "./script.ts";
import { Webhooks } from "./webhooks.ts";

export type SimulatorOptions = {
  secret: string;
  /** In what its buyers pay; default KRW. */
  currency?: string;
  /** Where the book is kept; unset: in memory. */
  path?: string;
  webhookUrl?: string;
  /** How long `slow` and `late` take. */
  slowMs?: number;
  lateMs?: number;
};

type Operation = "confirm" | "cancel" | "find";
type Sent = { key: string | undefined; fingerprint: string; body: Record<string, unknown> };

const BODY_MAX_BYTES = 64 * 1024;
/** How long a caller who gets no answer is kept, unless the caller leaves first. */
const SILENCE_MS = 90_000;
const ORDER_ID = /^[a-zA-Z0-9\-_.]{6,64}$/;
const KST = "+09:00";

export class Simulator {
  readonly book: GatewayLedger;
  readonly webhooks: Webhooks;
  /** Calls that were given up by their callers and are still going to land. */
  landing = 0;
  /** Whether it does as it should for a while, whatever the keys say. */
  behaves = false;
  readonly #options: Required<Pick<SimulatorOptions, "secret" | "currency" | "slowMs" | "lateMs">>;
  readonly #server: Server;
  readonly #calls = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor({ secret, currency = TOSS_DEFAULT_CURRENCY, path, webhookUrl, slowMs = 300, lateMs = 500 }: SimulatorOptions) {
    this.book = new GatewayLedger(path);
    this.webhooks = new Webhooks(currency);
    this.webhooks.url = webhookUrl;
    this.#options = { secret, currency, slowMs, lateMs };
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Resolves with the address, once it listens. */
  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const { port: chosen } = this.#server.address() as { port: number };
    return `http://${host.includes(":") ? `[${host}]` : host}:${chosen}`;
  }

  /** How often it was called for this, over all payments. */
  calls(operation: string): number {
    return [...this.#calls].reduce((sum, [name, count]) => sum + (name.startsWith(`${operation} `) ? count : 0), 0);
  }

  /** Keeps no process alive that has nothing else to do. */
  unref(): void {
    this.#server.unref();
  }

  async close(): Promise<void> {
    this.webhooks.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.book.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://gateway");
    const path = url.pathname;
    const text = await readBody(request);
    if (text === undefined) return send(response, 413, { code: "INVALID_REQUEST", message: "the request is too large" });
    if (request.method === "GET" && path === "/") return void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page());
    const body = readJson(text);
    if (body === undefined) return send(response, 400, { code: "INVALID_REQUEST", message: "the request is no JSON" });
    if (request.method === "POST" && path === "/simulator/payment-keys") return send(response, 201, newKey(body));
    if (!this.#isAllowed(request))
      return send(response, 401, { code: "UNAUTHORIZED_KEY", message: "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다." });

    const header = request.headers["idempotency-key"];
    const sent: Sent = {
      key: typeof header === "string" ? header : undefined,
      fingerprint: createHash("sha256").update(`${request.method} ${path} ${text}`).digest("base64url"),
      body,
    };
    const order = /^\/v1\/payments\/orders\/([^/]+)$/.exec(path)?.[1];
    const [, paymentKey, action] = /^\/v1\/payments\/([^/]+)(\/cancel)?$/.exec(path) ?? [];
    if (request.method === "POST" && path === "/v1/payments/confirm") return this.#confirm(sent, response);
    if (request.method === "POST" && paymentKey !== undefined && action) return this.#cancel(decodeURIComponent(paymentKey), sent, response);
    if (request.method === "GET" && order !== undefined) return this.#answer(response, this.#byOrder(decodeURIComponent(order)));
    if (request.method === "GET" && paymentKey !== undefined && !action) return this.#find(decodeURIComponent(paymentKey), response);
    if (request.method === "GET" && path === "/v1/transactions") return this.#transactions(url.searchParams, response);
    send(response, 404, { code: "NOT_FOUND", message: "there is nothing here" });
  }

  #confirm({ key, fingerprint, body }: Sent, response: ServerResponse): void {
    const { paymentKey, orderId } = body;
    const amount = amountFromWire(body["amount"], this.#options.currency);
    if (
      typeof paymentKey !== "string" ||
      paymentKey === "" ||
      paymentKey.length > 200 ||
      typeof orderId !== "string" ||
      !ORDER_ID.test(orderId) ||
      amount === undefined ||
      amount < 1
    ) {
      return this.#answer(response, failure(400, "INVALID_REQUEST", "잘못된 요청입니다."));
    }
    const effect = (decline: boolean): Outcome => this.book.confirm({ paymentKey, orderId, amount }, decline, key, fingerprint);
    this.#perform("confirm", paymentKey, key, effect, response);
  }

  #cancel(paymentKey: string, { key, fingerprint, body }: Sent, response: ServerResponse): void {
    const { cancelReason } = body;
    const amount = amountFromWire(body["cancelAmount"], this.#options.currency);
    if (
      typeof cancelReason !== "string" ||
      cancelReason === "" ||
      cancelReason.length > 200 ||
      (body["cancelAmount"] !== undefined && amount === undefined)
    ) {
      return this.#answer(response, failure(400, "INVALID_REQUEST", "잘못된 요청입니다."));
    }
    const effect = (decline: boolean): Outcome => this.book.cancel({ paymentKey, amount, reason: cancelReason }, decline, key, fingerprint);
    this.#perform("cancel", paymentKey, key, effect, response);
  }

  #find(paymentKey: string, response: ServerResponse): void {
    this.#misbehave(this.#nextStep("find", paymentKey), () => this.book.find(paymentKey), response);
  }

  #byOrder(orderId: string): Outcome {
    const payments = [...this.book.payments.values()].filter((payment) => payment.orderId === orderId);
    const counts = payments.find(({ status }) => status !== "ABORTED") ?? payments[0];
    return this.book.find(counts?.paymentKey ?? "");
  }

  #transactions(query: URLSearchParams, response: ServerResponse): void {
    const [from, to] = [time(query.get("startDate")), time(query.get("endDate"))];
    const limit = Number(query.get("limit") ?? 100);
    if (Number.isNaN(from) || Number.isNaN(to) || !Number.isInteger(limit) || limit < 1 || limit > 5000)
      return this.#answer(response, failure(400, "INVALID_REQUEST", "잘못된 요청입니다."));
    const all = this.book.transactions(from, to);
    const start = all.findIndex(({ transactionKey }) => transactionKey === query.get("startingAfter")) + 1;
    send(
      response,
      200,
      all.slice(start, start + limit).map((one) => transactionJson(one, this.#options.currency)),
    );
  }

  /** A call that changes something: one per idempotency key at a time, as its script wants it, with the webhooks that belong to it. */
  #perform(operation: Operation, paymentKey: string, key: string | undefined, effect: (decline: boolean) => Outcome, response: ServerResponse): void {
    if (key !== undefined && this.#running.has(key))
      return this.#answer(response, failure(409, "IDEMPOTENT_REQUEST_PROCESSING", "이전 멱등 요청이 처리중입니다."));
    const step = this.#nextStep(operation, paymentKey);
    const { webhook } = scriptOf(paymentKey);
    if (step === "slow" && key !== undefined) this.#running.add(key);
    const done = (): Outcome => {
      if (key !== undefined) this.#running.delete(key);
      const before = this.book.payments.get(paymentKey);
      const outcome = effect(step === "decline");
      const after = this.book.payments.get(paymentKey);
      if (after && after !== before) this.#tell(after, webhook);
      return outcome;
    };
    this.#misbehave(step, done, response);
  }

  #misbehave(step: Step, effect: () => Outcome, response: ServerResponse): void {
    switch (step) {
      case "slow":
        return void this.#later(this.#options.slowMs, () => this.#answer(response, effect()));
      case "late":
        this.landing++;
        this.#later(this.#options.lateMs, () => {
          this.landing--;
          effect();
        });
        return this.#silence(response);
      case "error":
        return this.#answer(response, failure(500, "FAILED_INTERNAL_SYSTEM_PROCESSING", "내부 시스템 처리 작업이 실패했습니다."));
      case "provider":
        return this.#answer(response, failure(400, "PROVIDER_ERROR", "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요."));
      case "drop":
        return void response.destroy();
      case "silent":
        return this.#silence(response);
      case "lost":
        effect();
        return this.#answer(response, failure(500, "FAILED_INTERNAL_SYSTEM_PROCESSING", "내부 시스템 처리 작업이 실패했습니다."));
      case "cut":
        effect();
        return void response.destroy();
      case "timeout":
        effect();
        return this.#silence(response);
      case "ok":
      case "decline":
        return this.#answer(response, effect());
    }
  }

  #tell(payment: LedgerPayment, webhook: Webhook): void {
    if (webhook === "never" || this.webhooks.url === undefined) return;
    // The change stands, so whoever asks because of the first one finds it, whether or not the answer has arrived yet.
    if (webhook === "before") return void this.webhooks.send(payment);
    this.#later(5, () => {
      void this.webhooks.send(payment);
      if (webhook === "twice") void this.webhooks.send(payment);
      if (webhook === "disorder") void this.webhooks.send(payment, "ABORTED");
    });
  }

  #answer(response: ServerResponse, outcome: Outcome): void {
    if ("payment" in outcome) send(response, outcome.status, paymentJson(outcome.payment, this.#options.currency));
    else send(response, outcome.status, { code: outcome.code, message: outcome.message });
  }

  #silence(response: ServerResponse): void {
    const timer = this.#later(SILENCE_MS, () => response.destroy());
    response.once("close", () => this.#forget(timer));
  }

  #later(ms: number, work: () => unknown): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms).unref();
    this.#timers.add(timer);
    return timer;
  }

  #forget(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #nextStep(operation: Operation, paymentKey: string): Step {
    const calls = this.#calls.get(`${operation} ${paymentKey}`) ?? 0;
    this.#calls.set(`${operation} ${paymentKey}`, calls + 1);
    return this.behaves ? "ok" : stepAt(scriptOf(paymentKey)[operation], calls);
  }

  #isAllowed({ headers }: IncomingMessage): boolean {
    return headers.authorization === `Basic ${Buffer.from(`${this.#options.secret}:`).toString("base64")}`;
  }
}

function newKey(wanted: Record<string, unknown>): { paymentKey: string } {
  const words = (name: string): string[] =>
    (Array.isArray(wanted[name]) ? wanted[name] : []).map(String).filter((word) => Object.hasOwn(STEPS, word.replace(/\*$/, "")));
  const webhook = WEBHOOKS.find((one) => one === wanted["webhook"]) ?? "after";
  return { paymentKey: keyFor({ confirm: words("confirm"), cancel: words("cancel"), find: words("find"), webhook }, randomUUID()) };
}

/** A time without a zone is Seoul's; a day alone is its beginning. */
function time(text: string | null): number {
  if (text === null) return Number.NaN;
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text;
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(whole) ? whole : whole + KST);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  return bytes > BODY_MAX_BYTES ? undefined : Buffer.concat(chunks).toString("utf8");
}

function readJson(text: string): Record<string, unknown> | undefined {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
