// Runs several instances on one port, to use several cores. This primary process owns the port, and, if they are used, the embedded database
// and the simulated gateway. Its workers are ordinary instances; a worker that dies is replaced.

import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry } from "prom-client";
import type { Config } from "../config.ts";
import { startEmbedded } from "../database/embedded/embedded.ts";
import { openSimulator } from "../gateway/open-gateway.ts";
import { checkPort } from "../http/port.ts";
import { isMetricsMessage, type MetricsMessage } from "../http/cluster-metrics.ts";

const REPLACE_AFTER_MS = 500;
/** A worker that does not send its metrics within this time is left out. */
const METRICS_TIMEOUT_MS = 2000;
/** Workers exit within nine seconds by themselves. */
const KILL_AFTER_MS = 9_300;

/** Runs `count` workers until a signal or the end of the embedded database; returns the exit code. */
export async function runWorkers(config: Config, count: number): Promise<number> {
  const stop = Promise.withResolvers<string | null>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.resolve(null));
  await checkPort(config);
  const embedded = config.databaseUrl === undefined ? await startEmbedded({ dataDir: config.dataDir }) : undefined;
  // All workers share one ledger: a payment through one worker can be queried and refunded through another.
  const gateway = config.gateway.kind === "simulated" ? await openSimulator(config.dataDir, config.currency) : undefined;
  void embedded?.died.then(stop.resolve);
  let stopping = false;
  cluster.setupPrimary({ args: ["serve"] });
  answerMetrics();

  // Workers get a DATABASE_URL, so the defaults for an embedded database are passed on explicitly.
  const demo = { DEMO: config.demo ? "on" : "off" };
  const settings = {
    ...demo,
    ...(embedded ? { DATABASE_URL: embedded.url("jangnal"), BALANCE_FUNDING: config.balanceFunding } : {}),
    ...(gateway ? { PAYMENT_GATEWAY_URL: "simulator", PAYMENT_SIMULATOR_URL: gateway.url } : {}),
  };
  const start = (first: boolean): Worker => {
    const worker = cluster.fork(settings);
    worker.once("exit", (code) => {
      if (stopping) return;
      if (first) stop.resolve(`the first worker ended with ${code} before it was open`);
      else setTimeout(() => !stopping && start(false), REPLACE_AFTER_MS);
    });
    worker.once("listening", ({ port }) => {
      first = false;
      if (gateway) gateway.simulator.webhooks.url = `http://${loopbackOf(config.host)}:${port}/payments/webhooks/toss`;
    });
    return worker;
  };
  // The first worker starts alone: it migrates the database and fills an empty shop.
  const opened = new Promise((resolve) => start(true).once("listening", resolve));
  if ((await Promise.race([opened.then(() => undefined), stop.promise])) === undefined) for (let i = 1; i < count; i++) start(false);

  const reason = await stop.promise;
  if (reason !== null) console.error(`The shop cannot go on: ${reason}`);
  stopping = true;
  await endWorkers();
  await gateway?.simulator.close();
  await embedded?.stop();
  return reason === null ? 0 : 1;
}

/** The loopback name of a host that may listen on all addresses. */
function loopbackOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

async function endWorkers(): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const timer = setTimeout(() => workers.forEach((worker) => worker.process.kill("SIGKILL")), KILL_AFTER_MS);
  await Promise.all(
    workers.map(async (worker) => {
      if (worker.isDead()) return;
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.process.kill("SIGTERM");
      await ended;
    }),
  );
  clearTimeout(timer);
}

/** Answers workers that ask for the metrics of all workers. */
function answerMetrics(): void {
  const open = new Set<Worker>();
  const pending = new Map<number, (own: object[]) => void>();
  let lastNumber = 0;
  cluster.on("listening", (worker) => open.add(worker));
  cluster.on("exit", (worker) => open.delete(worker));

  function ownMetrics(worker: Worker): Promise<object[] | undefined> {
    const number = ++lastNumber;
    return new Promise((resolve) => {
      const done = (own?: object[]): void => {
        clearTimeout(timer);
        pending.delete(number);
        resolve(own);
      };
      const timer = setTimeout(done, METRICS_TIMEOUT_MS);
      pending.set(number, done);
      send(worker, { jangnal: "own metrics", number });
    });
  }

  cluster.on("message", (worker, message: unknown) => {
    if (!isMetricsMessage(message)) return;
    if (message.jangnal === "own metrics") return pending.get(message.number)?.(message.own ?? []);
    void Promise.all([...open].map(ownMetrics))
      .then((all) => AggregatorRegistry.aggregate(all.filter((own) => own !== undefined)).metrics())
      .then((text) => send(worker, { ...message, text }));
  });
}

/** Does nothing for a worker that has just exited. */
function send(worker: Worker, message: MetricsMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
