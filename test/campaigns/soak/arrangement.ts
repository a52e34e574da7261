// A shop with all its parts: two workers and a till, PostgreSQL with fsync, Redis, NATS JetStream, a webhook receiver and the simulated
// payment gateway with its webhooks. Each process of the shop has the probe.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Cluster, startSingle } from "../../support/clusters.ts";
import { processesOf, VERSION_UNDER_TEST } from "../../support/process.ts";
import { freePort, killAtExit, type Service, startNats, startRedis } from "../../support/services.ts";
import { SECRET } from "../../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../../support/webhook-receiver.ts";
import { Deliveries } from "./deliveries.ts";

export type Leak = "descriptor" | "memory" | "transaction";
export type ArrangementOptions = {
  everyMs: number;
  leak?: Leak | undefined;
  /** One of this number of requests leaks. */
  leakEvery?: number;
  /** How often PostgreSQL looks for tables to vacuum. */
  autovacuumSeconds?: number;
};

const WORKERS = 2;
const STARTS_WITHIN_MS = 300_000;
export const STREAM = "SHOP";

export type Arrangement = AsyncDisposable & {
  url: string;
  cluster: Cluster;
  redis: Service;
  nats: Service;
  /** NATS's own figures over HTTP. */
  natsMonitor: string;
  deliveries: Deliveries;
  probeFile: string;
  logFile: string;
  /** Processes of the shop by name. */
  processes(): Map<string, number>;
  /** How the shop ended, if it has. */
  ended(): string | undefined;
};

export async function openArrangement({ everyMs, leak, leakEvery = 1, autovacuumSeconds = 60 }: ArrangementOptions): Promise<Arrangement> {
  await using cleanUp = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "jangnal-soak-"));
  cleanUp.defer(() => rmSync(folder, { recursive: true, force: true }));
  const cluster = await startSingle([
    "logging_collector=on",
    "log_filename=postgresql.log",
    "log_rotation_size=0",
    `autovacuum_naptime=${autovacuumSeconds}`,
  ]);
  cleanUp.defer(() => cluster.remove());
  const redis = await startRedis();
  cleanUp.defer(() => redis.remove());
  const monitorPort = await freePort();
  const nats = await startNats("-m", String(monitorPort));
  cleanUp.defer(() => nats.remove());
  const deliveries = new Deliveries();
  const receiver = new WebhookReceiver();
  await receiver.listen();
  receiver.answer = (envelope) => {
    deliveries.take(envelope);
    // The receiver's own lists would grow for an hour.
    receiver.received.length = 0;
    receiver.deliveryIds.length = 0;
    return { status: 204 };
  };
  cleanUp.defer(() => receiver.close());
  const port = await freePort();
  const [probeFile, logFile] = [join(folder, "probe.ndjson"), join(folder, "shop.log")];
  const env = {
    PATH: process.env["PATH"] ?? "",
    PORT: String(port),
    DATA_DIR: join(folder, "data"),
    AUTH_JWT_SECRET: SECRET,
    DATABASE_URL: cluster.url,
    REDIS_URL: redis.url,
    DATA_PLATFORM_URL: `${nats.url}/${STREAM},${receiver.url}`,
    DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    DATA_PLATFORM_EVENTS: "*",
    PAYMENT_GATEWAY_URL: "simulator",
    // The simulated gateway shares the machine with all else.
    PAYMENT_GATEWAY_TIMEOUT_MS: "5000",
    PAYMENT_GIVE_UP_AFTER_MS: "60000",
    BALANCE_FUNDING: "gateway",
    ORDER_EXPIRES_AFTER: "PT1M",
    NODE_OPTIONS: `--import=${join(import.meta.dirname, "probe.ts")}`,
    SOAK_PROBE: probeFile,
    SOAK_EVERY_MS: String(everyMs),
    ...(leak === undefined ? {} : { SOAK_LEAK: leak, SOAK_LEAK_EVERY: String(leakEvery) }),
  };
  const errors = join(folder, "shop.stderr");
  const child = spawn(process.execPath, [join(VERSION_UNDER_TEST, "bin/jangnal.mjs"), "serve", "--workers", String(WORKERS)], {
    env,
    stdio: ["ignore", openSync(logFile, "a"), openSync(errors, "a")],
  });
  killAtExit(child);
  let end: string | undefined;
  child.once("exit", (code, signal) => (end = `${signal ?? code}: ${readFileSync(errors, "utf8").slice(-2000)}`));
  cleanUp.defer(async () => {
    if (end !== undefined) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  });
  for (const deadline = Date.now() + STARTS_WITHIN_MS; !readFileSync(errors, "utf8").includes("Jangnal is open at"); await pause(50)) {
    if (end !== undefined || Date.now() > deadline) throw new Error(`the shop did not open: ${end}`);
  }
  const opened = cleanUp.move();
  return {
    url: `http://127.0.0.1:${port}`,
    cluster,
    redis,
    nats,
    natsMonitor: `http://127.0.0.1:${monitorPort}`,
    deliveries,
    probeFile,
    logFile,
    processes: () =>
      new Map([
        ["primary", child.pid as number],
        ...processesOf(child, "till").map((pid) => ["till", pid] as const),
        ...processesOf(child, "worker").map((pid, i) => [`worker ${i + 1}`, pid] as const),
      ]),
    ended: () => end,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
