// The load generator: a number of connections with one request in flight on each. It parses responses as little as possible.

import { connect, type Socket } from "node:net";
import { Latencies } from "../support/sample.ts";
import { type Loaded, type Plan, requestOf } from "./plan.ts";

/** Runs a plan. Errors: a connection broke. */
export async function send(plan: Plan): Promise<Loaded> {
  const { hostname, port } = new URL(plan.url);
  const statuses: Record<string, number> = {};
  const last = plan.maxRequests === undefined ? Number.POSITIVE_INFINITY : plan.first + plan.maxRequests;
  let latencies = new Latencies();
  let next = plan.first;
  let lastCreatedMs = 0;
  let stopped = false;
  let measuredSince = performance.now();
  const startedAt = measuredSince;

  const client = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let sentAt = 0;
      const sendNext = (): void => {
        if (stopped || next >= last) return resolve();
        sentAt = performance.now();
        socket.write(requestOf(plan, next++), "latin1");
      };
      const responses = new ResponseReader((status) => {
        const now = performance.now();
        latencies.add(now - sentAt);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status === "201") lastCreatedMs = now - startedAt;
        sendNext();
      });
      socket.on("data", (chunk: Buffer) => responses.read(chunk));
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("a connection was closed")));
      socket.on("connect", sendNext);
    });

  const sockets = Array.from({ length: plan.connections }, () => connect({ host: hostname, port: Number(port), noDelay: true }));
  const clients = Promise.all(sockets.map(client));
  if (plan.maxRequests === undefined) {
    await Promise.race([pause(plan.warmUpMs), clients]);
    latencies = new Latencies();
    measuredSince = performance.now();
    await Promise.race([pause(plan.ms), clients]);
  } else await clients;
  const elapsedMs = performance.now() - measuredSince;
  const measured = latencies.values();
  stopped = true;
  await clients;
  for (const socket of sockets) socket.removeAllListeners("close").destroy();
  return { elapsedMs, latencies: measured, statuses, next, lastCreatedMs };
}

/** Splits a connection's bytes into responses by their content-length. */
class ResponseReader {
  readonly #onStatus: (status: string) => void;
  #rest = "";

  constructor(onStatus: (status: string) => void) {
    this.#onStatus = onStatus;
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
      this.#onStatus(status);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
