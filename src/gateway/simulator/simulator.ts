// A simulated gateway: a real HTTP server with the gateway's API and a ledger, which misbehaves as each payment key says (script.ts).

import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { GatewayMethod } from "../../payment-settings.ts";
import { amountFromWire, TOSS_DEFAULT_CURRENCY } from "../toss/amounts.ts";
import { byHand, INVALID_REQUEST } from "./by-hand.ts";
import { readBody, readJson, readTime, send } from "./http.ts";
import { GatewayLedger, type KeyedRequest } from "./ledger.ts";
import { type Outcome, taxFreeLeft } from "./ledger-payment.ts";
import { newKey, page } from "./page.ts";
import { settlementsOf } from "./settlements.ts";
import { PaymentWindows, WINDOW_ACTS, type WindowAct } from "./payment-window.ts";
import { transactionJson } from "./payment-json.ts";
import { ScriptedCalls } from "./scripted-calls.ts";
import { Webhooks } from "./webhooks.ts";
import { SDK_SCRIPT, windowPage } from "./window-page.ts";

export type SimulatorOptions = {
  secret: string;
  /** The currency in which buyers pay; default KRW. */
  currency?: string;
  /** The file of the ledger; unset: in memory. */
  path?: string;
  webhookUrl?: string;
  /** The gateway's clock. */
  now?: () => number;
  /** Durations of the steps `slow` and `late`. */
  slowMs?: number;
  lateMs?: number;
};

type ReceivedCall = KeyedRequest & { body: Record<string, unknown> };

const ORDER_ID = /^[a-zA-Z0-9\-_.]{6,64}$/;

export class Simulator {
  readonly ledger: GatewayLedger;
  readonly webhooks: Webhooks;
  readonly #windows: PaymentWindows;
  readonly #calls: ScriptedCalls;
  readonly #secret: string;
  readonly #currency: string;
  readonly #server: Server;

  constructor({ secret, currency = TOSS_DEFAULT_CURRENCY, path, webhookUrl, now, slowMs = 300, lateMs = 500 }: SimulatorOptions) {
    this.#secret = secret;
    this.#currency = currency;
    this.ledger = new GatewayLedger(path, now);
    this.webhooks = new Webhooks(currency);
    this.webhooks.url = webhookUrl;
    this.#windows = new PaymentWindows(this.ledger, currency);
    this.#calls = new ScriptedCalls({ ledger: this.ledger, webhooks: this.webhooks, currency, slowMs, lateMs });
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Ignores all scripts while true. */
  set behaves(behaves: boolean) {
    this.#calls.behaves = behaves;
  }

  /** Tests replace it, to settle otherwise than the ledger says. */
  alterSettlements = (rows: Record<string, unknown>[]): Record<string, unknown>[] => rows;

  /** Resolves with its URL as soon as it listens. */
  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const { port: chosen } = this.#server.address() as { port: number };
    return `http://${host.includes(":") ? `[${host}]` : host}:${chosen}`;
  }

  /** Sends money back by hand, as in the gateway's dashboard: all that is left, or an amount in minor units. */
  cancelInDashboard(paymentKey: string, amount?: number): Outcome {
    const payment = this.ledger.payments.get(paymentKey);
    const taxable = payment ? payment.left - taxFreeLeft(payment) : 0;
    const request = { paymentKey, amount, taxFree: Math.max(0, (amount ?? 0) - taxable), reason: "고객 요청", account: "1" };
    return this.#calls.noticed(paymentKey, () => this.ledger.cancel(request, false));
  }

  /** The number of calls of this operation, over all payments. */
  calls(operation: string): number {
    return this.#calls.count(operation);
  }

  /** Authorizes a payment as a buyer does in the window. Returns its key. Errors: the window's refusal. */
  authorize({ orderId, amount, way = "CARD" }: { orderId: string; amount: number; way?: GatewayMethod }): string {
    const paymentKey = `tsim_${randomUUID()}`;
    const outcome = this.ledger.authorize({ paymentKey, orderId, amount, orderName: orderId, way });
    if ("code" in outcome) throw new Error(outcome.code);
    return paymentKey;
  }

  /** A buyer's deposit to the account of a payment. Errors: the ledger's refusal. */
  deposit(paymentKey: string): void {
    const outcome = this.payDeposit(paymentKey);
    if ("code" in outcome) throw new Error(outcome.code);
  }

  /** A buyer's deposit, with the gateway's notification. */
  payDeposit(paymentKey: string): Outcome {
    return this.#tellDeposit(this.ledger.deposit(paymentKey));
  }

  /** The bank takes a deposit back, and the gateway tells the shop so. */
  reverseDeposit(paymentKey: string): Outcome {
    return this.#tellDeposit(this.ledger.reverseDeposit(paymentKey));
  }

  #tellDeposit(outcome: Outcome): Outcome {
    if ("payment" in outcome) void this.webhooks.sendDeposit(outcome.payment);
    return outcome;
  }

  /** Lets the process end while the server is open. */
  unref(): void {
    this.#server.unref();
  }

  async close(): Promise<void> {
    this.webhooks.close();
    this.#calls.stop();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.ledger.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://gateway");
    const [method, path] = [request.method, url.pathname];
    const text = await readBody(request);
    if (text === undefined) return send(response, 413, { code: "INVALID_REQUEST", message: "the request is too large" });
    if (method === "GET" && path === "/") return sendPage(response, page());
    const window = /^\/simulator\/windows(?:\/([\w-]+))?$/.exec(path);
    if (window) return this.#serveWindow(window[1], request, text, response);
    if (method === "GET" && path === "/v2/standard")
      return void response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(SDK_SCRIPT);
    const body = readJson(text);
    if (body === undefined) return send(response, 400, { code: "INVALID_REQUEST", message: "the request is not a JSON object" });
    if (method === "POST" && path === "/simulator/payment-keys") return send(response, 201, newKey(body));
    if (!this.#isAuthorized(request))
      return send(response, 401, { code: "UNAUTHORIZED_KEY", message: "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다." });

    const header = request.headers["idempotency-key"];
    const call: ReceivedCall = {
      key: typeof header === "string" ? header : undefined,
      fingerprint: createHash("sha256").update(`${method} ${path} ${text}`).digest("base64url"),
      body,
    };
    const done = method === "POST" ? byHand(this, path, body, this.#currency) : undefined;
    if (done) return this.#calls.answer(response, done);
    const order = /^\/v1\/payments\/orders\/([^/]+)$/.exec(path)?.[1];
    const [, paymentKey, action] = /^\/v1\/payments\/([^/]+)(\/cancel)?$/.exec(path) ?? [];
    if (method === "POST" && path === "/v1/payments/confirm") return this.#confirm(call, response);
    if (method === "POST" && paymentKey !== undefined && action) return this.#cancel(decodeURIComponent(paymentKey), call, response);
    if (method === "GET" && order !== undefined) return this.#calls.answer(response, this.#byOrder(decodeURIComponent(order)));
    if (method === "GET" && paymentKey !== undefined && !action) return this.#find(decodeURIComponent(paymentKey), response);
    if (method === "GET" && path === "/v1/transactions") return this.#transactions(url.searchParams, response);
    if (method === "GET" && path === "/v1/settlements") {
      const rows = settlementsOf(this.ledger, url.searchParams, this.#currency);
      return rows ? send(response, 200, this.alterSettlements(rows)) : this.#calls.answer(response, INVALID_REQUEST);
    }
    send(response, 404, { code: "NOT_FOUND", message: "not found" });
  }

  /** Serves the pages that a buyer's browser opens, without the secret. */
  #serveWindow(id: string | undefined, { method }: IncomingMessage, text: string, response: ServerResponse): void {
    if (method === "POST" && id === undefined) {
      const opened = this.#windows.open(readJson(text) ?? {});
      response.setHeader("access-control-allow-origin", "*");
      return send(response, opened ? 201 : 400, opened ?? { code: "INVALID_PARAMETERS", message: "잘못된 파라미터입니다." });
    }
    const shown = id === undefined ? undefined : this.#windows.find(id);
    if (id === undefined || !shown) return send(response, 404, { code: "NOT_FOUND", message: "not found" });
    if (method === "GET") return sendPage(response, windowPage(id, shown, this.#currency));
    const act = new URLSearchParams(text).get("act") ?? "";
    const address = Object.hasOwn(WINDOW_ACTS, act) ? this.#windows.act(id, act as WindowAct) : undefined;
    if (address === undefined) return send(response, 400, { code: "INVALID_REQUEST", message: "unknown act" });
    response.writeHead(303, { location: address }).end();
  }

  #confirm({ body, ...request }: ReceivedCall, response: ServerResponse): void {
    const { paymentKey, orderId } = body;
    const amount = amountFromWire(body["amount"], this.#currency);
    const isValid = isText(paymentKey) && typeof orderId === "string" && ORDER_ID.test(orderId) && amount !== undefined && amount >= 1;
    if (!isValid) return this.#calls.answer(response, INVALID_REQUEST);
    const effect = (decline: boolean): Outcome => this.ledger.confirm({ paymentKey, orderId, amount }, decline);
    this.#calls.change("confirm", paymentKey, request, effect, response);
  }

  #cancel(paymentKey: string, { body, ...request }: ReceivedCall, response: ServerResponse): void {
    const { cancelReason, cancelAmount, taxFreeAmount = 0 } = body;
    const amount = amountFromWire(cancelAmount, this.#currency);
    const taxFree = amountFromWire(taxFreeAmount, this.#currency) ?? -1;
    if (!isText(cancelReason) || (cancelAmount !== undefined && amount === undefined) || taxFree < 0)
      return this.#calls.answer(response, INVALID_REQUEST);
    const effect = (decline: boolean): Outcome =>
      this.ledger.cancel({ paymentKey, amount, taxFree, reason: cancelReason, account: accountOf(body["refundReceiveAccount"]) }, decline);
    this.#calls.change("cancel", paymentKey, request, effect, response);
  }

  #find(paymentKey: string, response: ServerResponse): void {
    this.#calls.read("find", paymentKey, () => this.ledger.find(paymentKey), response);
  }

  #byOrder(orderId: string): Outcome {
    const payments = [...this.ledger.payments.values()].filter((payment) => payment.orderId === orderId);
    const payment = payments.find(({ status }) => status !== "ABORTED") ?? payments[0];
    return this.ledger.find(payment?.paymentKey ?? "");
  }

  #transactions(query: URLSearchParams, response: ServerResponse): void {
    const [from, to] = [readTime(query.get("startDate")), readTime(query.get("endDate"))];
    const limit = Number(query.get("limit") ?? 100);
    if (Number.isNaN(from) || Number.isNaN(to) || !Number.isInteger(limit) || limit < 1 || limit > 5000)
      return this.#calls.answer(response, INVALID_REQUEST);
    const transactions = this.ledger.transactions(from, to);
    const start = transactions.findIndex(({ transactionKey }) => transactionKey === query.get("startingAfter")) + 1;
    const page = transactions.slice(start, start + limit);
    send(
      response,
      200,
      page.map((transaction) => transactionJson(transaction, this.#currency)),
    );
  }

  #isAuthorized({ headers }: IncomingMessage): boolean {
    return headers.authorization === `Basic ${Buffer.from(`${this.#secret}:`).toString("base64")}`;
  }
}

/** The number of an account that is complete. */
function accountOf(value: unknown): string | undefined {
  const { bank, accountNumber, holderName } = (value ?? {}) as Record<string, unknown>;
  if (!isText(bank) || typeof accountNumber !== "string" || !/^\d{1,20}$/.test(accountNumber)) return undefined;
  return isText(holderName) && holderName.length <= 60 ? accountNumber : undefined;
}

function sendPage(response: ServerResponse, html: string): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
}

/** Text of 1 to 200 characters. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 200;
}
