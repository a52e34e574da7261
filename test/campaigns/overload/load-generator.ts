// An open-loop load generator: requests arrive at a fixed rate, however slow the responses are, on keep-alive connections, like those of
// a reverse proxy. It runs in its own process, so that it does not use the shop's thread.

import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Exchange, subjectOf } from "../../support/history.ts";

export type Plan = {
  url: string;
  /** Requests as text, sent in turn; `{key}` is replaced by a new idempotency key. */
  requests: string[];
  /** Arrivals per second; or, closed-loop, this number of concurrent requests. */
  perSecond?: number;
  concurrency?: number;
  seconds: number;
  /** Requests that arrive later than this after the start also count in `later`. */
  laterMs?: number;
  /** Opened before the start. An arrival without an idle connection counts in `withoutConnection`. */
  connections: number;
};

export type LoadResult = {
  arrived: number;
  /** Milliseconds from request to response, by status. */
  responses: Record<string, number[]>;
  later: Record<string, number[]>;
  orderIds: string[];
  /** Responses 503 with Retry-After. */
  retryAfter: number;
  broken: number;
  withoutConnection: number;
  /** The orders that were placed, and those without a response, for the campaign's history. Line items are left out. */
  history: { origin: number; exchanges: Exchange[] };
};

const TICK_MS = 5;
const OPEN_AT_A_TIME = 200;
const LAST_RESPONSES_WITHIN_MS = 30_000;

export async function generateLoad(plan: Plan): Promise<LoadResult> {
  const { hostname, port } = new URL(plan.url);
  const result: LoadResult = {
    arrived: 0,
    responses: {},
    later: {},
    orderIds: [],
    retryAfter: 0,
    broken: 0,
    withoutConnection: 0,
    history: { origin: performance.timeOrigin, exchanges: [] },
  };
  const idle: Connection[] = [];
  let waiting = 0;
  let over = false;
  let startedAt = 0;

  function arrive(): void {
    result.arrived++;
    const connection = idle.pop();
    if (!connection) return void result.withoutConnection++;
    waiting++;
    connection.send((plan.requests[result.arrived % plan.requests.length] as string).replace("{key}", `${plan.seconds}-${result.arrived}`));
  }

  /** Opens a connection. It counts as open after its first response; before, it may still wait in the kernel's accept queue. */
  function openConnection(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const connection = new Connection(connect({ host: hostname, port: Number(port), noDelay: true }), {
      onResponse(status, tookMs, head, body, request) {
        idle.push(connection);
        if (!isOpen) {
          isOpen = true;
          return resolve();
        }
        waiting--;
        (result.responses[status] ??= []).push(tookMs);
        if (performance.now() - tookMs > startedAt + (plan.laterMs ?? 0)) (result.later[status] ??= []).push(tookMs);
        if (status === "201") {
          const order = JSON.parse(body) as Record<string, unknown>;
          result.orderIds.push(String(order["orderId"]));
          const respondedAt = performance.now();
          const response = { ...order, orderItems: [] };
          result.history.exchanges.push({ ...orderOf(request), invokedAt: respondedAt - tookMs, respondedAt, status: 201, response });
        }
        if (status === "503" && /\r\nretry-after: [1-9]/i.test(head)) result.retryAfter++;
        if (plan.concurrency !== undefined && !over) arrive();
      },
      onBroken(unanswered) {
        resolve();
        if (unanswered === undefined || !isOpen) return;
        result.history.exchanges.push({ ...orderOf(unanswered.request), invokedAt: unanswered.sentAt });
        waiting--;
        result.broken++;
      },
    });
    let isOpen = false;
    connection.send("GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n");
    return promise;
  }

  for (let i = 0; i < plan.connections; i += OPEN_AT_A_TIME)
    await Promise.all(Array.from({ length: Math.min(OPEN_AT_A_TIME, plan.connections - i) }, openConnection));

  startedAt = performance.now();
  for (let i = 0; i < (plan.concurrency ?? 0); i++) arrive();
  for (; performance.now() - startedAt < plan.seconds * 1000; await pause(TICK_MS)) {
    const due = ((performance.now() - startedAt) / 1000) * (plan.perSecond ?? 0);
    while (result.arrived < due) arrive();
  }
  over = true;
  for (const until = performance.now() + LAST_RESPONSES_WITHIN_MS; waiting > 0 && performance.now() < until;) await pause(TICK_MS);
  result.broken += waiting;
  for (const connection of idle) connection.close();
  return result;
}

/** The request without its line items. */
function orderOf(request: string): Pick<Exchange, "caller" | "key" | "method" | "path" | "body"> {
  const header = (name: string): string => new RegExp(`\\r\\n${name}: ([^\\r]+)`, "i").exec(request)?.[1] ?? "";
  return { caller: subjectOf(header("authorization")), key: header("idempotency-key"), method: "POST", path: "/orders", body: { orderItems: [] } };
}

type Listener = {
  onResponse(status: string, tookMs: number, head: string, body: string, request: string): void;
  onBroken(unanswered: { request: string; sentAt: number } | undefined): void;
};

/** An HTTP/1.1 connection with one request at a time. */
class Connection {
  readonly #socket: Socket;
  #sent: { request: string; sentAt: number } | undefined;
  #rest = "";

  constructor(socket: Socket, { onResponse, onBroken }: Listener) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => onBroken(this.#sent));
    socket.on("data", (chunk: Buffer) => {
      this.#rest += chunk.toString("latin1");
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = this.#rest.slice(0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return;
      const body = this.#rest.slice(end + 4, end + 4 + length);
      this.#rest = this.#rest.slice(end + 4 + length);
      const { request = "", sentAt = 0 } = this.#sent ?? {};
      this.#sent = undefined;
      onResponse(head.slice(9, 12), performance.now() - sentAt, head, body, request);
    });
  }

  send(request: string): void {
    this.#sent = { request, sentAt: performance.now() };
    this.#socket.write(request, "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }
}

if (process.send !== undefined && process.argv[2] === "load-generator") {
  process.on("message", (plan: Plan) => void generateLoad(plan).then((result) => process.send?.(result)));
  process.on("disconnect", () => process.exit());
}
