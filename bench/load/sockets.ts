// The load itself: so many connections, on each of which one request is under way. It reads no more of an answer than it has to.

import { connect, type Socket } from "node:net";
import { Latencies } from "../support/sample.ts";
import { type Loaded, type Plan, requestOf } from "./plan.ts";

/** Runs a plan. Errors: a connection that broke. */
export async function send(plan: Plan): Promise<Loaded> {
  const { hostname, port } = new URL(plan.url);
  const statuses: Record<string, number> = {};
  const last = plan.most === undefined ? Number.POSITIVE_INFINITY : plan.first + plan.most;
  let latencies = new Latencies();
  let next = plan.first;
  let lastCreatedMs = 0;
  let stopped = false;
  let measuredSince = performance.now();
  const startedAt = measuredSince;

  const visit = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let sentAt = 0;
      const go = (): void => {
        if (stopped || next >= last) return resolve();
        sentAt = performance.now();
        socket.write(requestOf(plan, next++), "latin1");
      };
      const answers = new Answers((status) => {
        const now = performance.now();
        latencies.add(now - sentAt);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status === "201") lastCreatedMs = now - startedAt;
        go();
      });
      socket.on("data", (chunk: Buffer) => answers.read(chunk));
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("a connection was closed")));
      socket.on("connect", go);
    });

  const sockets = Array.from({ length: plan.connections }, () => connect({ host: hostname, port: Number(port), noDelay: true }));
  const visits = Promise.all(sockets.map(visit));
  if (plan.most === undefined) {
    await Promise.race([pause(plan.warmUpMs), visits]);
    latencies = new Latencies();
    measuredSince = performance.now();
    await Promise.race([pause(plan.ms), visits]);
  } else await visits;
  const elapsedMs = performance.now() - measuredSince;
  const measured = latencies.values();
  stopped = true;
  await visits;
  for (const socket of sockets) socket.removeAllListeners("close").destroy();
  return { elapsedMs, latencies: measured, statuses, next, lastCreatedMs };
}

/** Finds where an answer ends, by its content-length, and tells its status. */
class Answers {
  readonly #tell: (status: string) => void;
  #rest = "";

  constructor(tell: (status: string) => void) {
    this.#tell = tell;
  }

  read(chunk: Buffer): void {
    this.#rest += chunk.toString("latin1");
    for (;;) {
      const head = this.#rest.indexOf("\r\n\r\n");
      if (head < 0) return;
      const at = this.#rest.indexOf("content-length: ");
      const length = at < 0 || at > head ? 0 : Number.parseInt(this.#rest.slice(at + 16, at + 26), 10);
      if (this.#rest.length < head + 4 + length) return;
      const status = this.#rest.slice(9, 12);
      this.#rest = this.#rest.slice(head + 4 + length);
      this.#tell(status);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
