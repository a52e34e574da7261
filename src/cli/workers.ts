// Runs several workers on one port, to use several cores. This primary process owns the port, and, if they are used, the embedded database
// and the simulated gateway. One further process has the till, to which the workers send their commands. A process that dies is replaced.

import cluster, { type Worker } from "node:cluster";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import type { Config } from "../config.ts";
import { startEmbedded } from "../database/embedded/embedded.ts";
import { openSimulator } from "../gateway/open-gateway.ts";
import { checkPort } from "../http/port.ts";
import { gatherMetrics } from "./gather-metrics.ts";
import { runTillProcess } from "./till-process.ts";

const REPLACE_AFTER_MS = 500;
/** Workers and the till exit within nine seconds by themselves. */
const KILL_AFTER_MS = 9_300;
/** The most connections to PostgreSQL that the till or a worker uses, jobs included. */
const CONNECTIONS_PER_PROCESS = 15;
/** For commands of the command line, backups and people. */
const OTHER_CONNECTIONS = 10;

/** Runs the till and `count` workers until a signal or the end of the embedded database; returns the exit code. */
export async function runWorkers(config: Config, count: number): Promise<number> {
  const log = pino({ level: config.logLevel });
  const stop = Promise.withResolvers<string | null>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.resolve(null));
  await checkPort(config);
  const embedded = config.databaseUrl === undefined ? await startEmbedded({ dataDir: config.dataDir, settings: connectionsFor(count) }) : undefined;
  // All workers share one ledger: a payment through one worker can be queried and refunded through another.
  const gateway = config.gateway.kind === "simulated" ? await openSimulator(config.dataDir, config.currency) : undefined;
  void embedded?.died.then(stop.resolve);
  // Only this user may connect to the till. The path of DATA_DIR may be longer than that of a socket may be.
  const directory = mkdtempSync(join(tmpdir(), "jangnal-till-"));
  const path = join(directory, "till.sock");
  let stopping = false;
  const metrics = gatherMetrics();

  // Workers get a DATABASE_URL, so the defaults for an embedded database are passed on explicitly.
  const env = {
    DEMO: config.demo ? "on" : "off",
    ...(embedded ? { DATABASE_URL: embedded.url("jangnal"), BALANCE_FUNDING: config.balanceFunding } : {}),
    ...(gateway ? { PAYMENT_GATEWAY_URL: "simulator", PAYMENT_SIMULATOR_URL: gateway.url } : {}),
  };
  // The till opens alone: it migrates the database and fills an empty shop.
  const opened = Promise.withResolvers<void>();
  const onFailedStart = (code: number): void => stop.resolve(`the process of the till ended with ${code} before it was open`);
  const onOpen = (till: Worker): void => {
    metrics.include(till);
    opened.resolve();
  };
  runTillProcess({ path, env, log, onOpen, onFailedStart }, () => stopping);
  if ((await Promise.race([opened.promise, stop.promise])) === undefined) {
    const onPort = (port: number): void => {
      if (gateway) gateway.simulator.webhooks.url = `http://${loopbackOf(config.host)}:${port}/payments/webhooks/toss`;
    };
    runHttpWorkers({ path, env, count, log, onPort, onFailedStart: stop.resolve }, () => stopping);
  }

  const reason = await stop.promise;
  if (reason !== null) console.error(`The shop cannot go on: ${reason}`);
  stopping = true;
  await endProcesses();
  rmSync(directory, { recursive: true, force: true });
  await gateway?.simulator.close();
  await embedded?.stop();
  return reason === null ? 0 : 1;
}

/** The embedded database's own limit holds for one process. Beyond it a request that reads is answered 503. */
function connectionsFor(workers: number): Record<string, string> {
  return { max_connections: String((workers + 1) * CONNECTIONS_PER_PROCESS + OTHER_CONNECTIONS) };
}

type HttpWorkersOptions = {
  path: string;
  env: Record<string, string>;
  count: number;
  log: Logger;
  onPort: (port: number) => void;
  onFailedStart: (reason: string) => void;
};

/** Starts the workers, and replaces those that end. The first one relays the outbox, and so does its replacement. */
function runHttpWorkers({ path, env, count, log, onPort, onFailedStart }: HttpWorkersOptions, isStopping: () => boolean): void {
  let isOpen = false;
  function start(relays: boolean, greets: boolean): void {
    if (isStopping()) return;
    const args = ["serve", "--worker", path, ...(relays ? ["--relay"] : []), ...(greets ? ["--greet"] : [])];
    cluster.setupPrimary({ args, execArgv: process.execArgv });
    const worker = cluster.fork(env);
    let hasGreeted = false;
    worker.once("listening", ({ port }) => {
      isOpen = true;
      hasGreeted = greets;
      onPort(port);
    });
    worker.once("exit", (code, signal) => {
      if (isStopping()) return;
      if (!isOpen) return onFailedStart(`a worker ended with ${code} before the shop was open`);
      log.error({ process: worker.process.pid, code, signal }, "a worker ended; it is replaced");
      setTimeout(() => start(relays, greets && !hasGreeted), REPLACE_AFTER_MS);
    });
  }
  for (let i = 0; i < count; i++) start(i === 0, i === 0);
}

/** The loopback name of a host that may listen on all addresses. */
function loopbackOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/** Ends the workers, and the till, which goes on deciding until they have disconnected. */
async function endProcesses(): Promise<void> {
  const processes = Object.values(cluster.workers ?? {}).filter((process) => process !== undefined);
  const timer = setTimeout(() => processes.forEach(({ process }) => process.kill("SIGKILL")), KILL_AFTER_MS);
  await Promise.all(
    processes.map(async (worker) => {
      if (worker.isDead()) return;
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.process.kill("SIGTERM");
      await ended;
    }),
  );
  clearTimeout(timer);
}
