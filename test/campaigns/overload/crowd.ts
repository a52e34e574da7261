// Buyers who come when they come, whether or not those before them were served: so many a second, each on a connection that is open and free,
// as where a proxy keeps them open in front of a shop. Runs in a process of its own, so that what it takes is not taken from the shop's thread.

import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export type Plan = {
  url: string;
  /** Whole requests but for their key, which stands where `{key}` does; sent in turn. */
  requests: string[];
  /** Arrivals a second; or so many at a time, each as soon as the one before it was answered. */
  perSecond?: number;
  atOnce?: number;
  seconds: number;
  /** Whoever comes later than this after the first is counted in `later` too. */
  laterMs?: number;
  /** That are open before anybody comes: whoever finds none that is free is counted as left standing. */
  connections: number;
};

export type Came = {
  arrived: number;
  /** Milliseconds from arriving to being answered, by status. */
  answered: Record<string, number[]>;
  later: Record<string, number[]>;
  orderIds: string[];
  /** Of those who were told to come again: how many were told when. */
  retryAfter: number;
  broken: number;
  leftStanding: number;
};

const TICK_MS = 5;
const AT_A_TIME = 200;
const LEAVE_AFTER_MS = 30_000;

export async function come(plan: Plan): Promise<Came> {
  const { hostname, port } = new URL(plan.url);
  const came: Came = { arrived: 0, answered: {}, later: {}, orderIds: [], retryAfter: 0, broken: 0, leftStanding: 0 };
  const idle: Visitor[] = [];
  let waiting = 0;
  let over = false;
  let beganAt = 0;

  function arrive(): void {
    came.arrived++;
    const visitor = idle.pop();
    if (!visitor) return void came.leftStanding++;
    waiting++;
    visitor.ask((plan.requests[came.arrived % plan.requests.length] as string).replace("{key}", `${plan.seconds}-${came.arrived}`));
  }

  /** Comes in, and is there when it has been answered for the first time: until then its connection may lie with the kernel. */
  function enter(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const visitor = new Visitor(connect({ host: hostname, port: Number(port), noDelay: true }), {
      answered(status, tookMs, head, body) {
        idle.push(visitor);
        if (!isIn) {
          isIn = true;
          return resolve();
        }
        waiting--;
        (came.answered[status] ??= []).push(tookMs);
        if (performance.now() - tookMs > beganAt + (plan.laterMs ?? 0)) (came.later[status] ??= []).push(tookMs);
        if (status === "201") came.orderIds.push(/"orderId":"([^"]+)"/.exec(body)?.[1] ?? "");
        if (status === "503" && /\r\nretry-after: [1-9]/i.test(head)) came.retryAfter++;
        if (plan.atOnce !== undefined && !over) arrive();
      },
      broke(wasWaiting) {
        resolve();
        if (!wasWaiting || !isIn) return;
        waiting--;
        came.broken++;
      },
    });
    let isIn = false;
    visitor.ask("GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n");
    return promise;
  }

  for (let i = 0; i < plan.connections; i += AT_A_TIME) await Promise.all(Array.from({ length: Math.min(AT_A_TIME, plan.connections - i) }, enter));

  beganAt = performance.now();
  for (let i = 0; i < (plan.atOnce ?? 0); i++) arrive();
  for (; performance.now() - beganAt < plan.seconds * 1000; await pause(TICK_MS)) {
    const due = ((performance.now() - beganAt) / 1000) * (plan.perSecond ?? 0);
    while (came.arrived < due) arrive();
  }
  over = true;
  for (const until = performance.now() + LEAVE_AFTER_MS; waiting > 0 && performance.now() < until;) await pause(TICK_MS);
  came.broken += waiting;
  for (const visitor of idle) visitor.leave();
  return came;
}

type Listener = {
  answered(status: string, tookMs: number, head: string, body: string): void;
  broke(wasWaiting: boolean): void;
};

/** One connection, with one request at a time. */
class Visitor {
  readonly #socket: Socket;
  #askedAt: number | undefined;
  #rest = "";

  constructor(socket: Socket, { answered, broke }: Listener) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => broke(this.#askedAt !== undefined));
    socket.on("data", (chunk: Buffer) => {
      this.#rest += chunk.toString("latin1");
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = this.#rest.slice(0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return;
      const body = this.#rest.slice(end + 4, end + 4 + length);
      this.#rest = this.#rest.slice(end + 4 + length);
      const tookMs = performance.now() - (this.#askedAt ?? 0);
      this.#askedAt = undefined;
      answered(head.slice(9, 12), tookMs, head, body);
    });
  }

  ask(request: string): void {
    this.#askedAt = performance.now();
    this.#socket.write(request, "latin1");
  }

  leave(): void {
    this.#socket.destroy();
  }
}

if (process.send !== undefined && process.argv[2] === "crowd") {
  process.on("message", (plan: Plan) => void come(plan).then((came) => process.send?.(came)));
  process.on("disconnect", () => process.exit());
}
