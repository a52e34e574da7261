// Several instances on one machine and one port, to use its cores: this process owns the embedded database and the simulated gateway, where
// there are such, and the port; its workers are instances like any others, and one that dies is replaced.

import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry } from "prom-client";
import type { Config } from "../config.ts";
import { startEmbedded } from "../database/embedded/embedded.ts";
import { openSimulator } from "../gateway/open-gateway.ts";
import { checkPort } from "../http/port.ts";
import { isMetricsMessage, type MetricsMessage } from "../http/cluster-metrics.ts";

const REPLACE_AFTER_MS = 500;
const GATHER_MS = 2000;
/** Workers finish what they have accepted within nine seconds. */
const KILL_AFTER_MS = 9_300;

/** Runs `count` workers until a signal or the end of the embedded database; answers the exit code. */
export async function runWorkers(config: Config, count: number): Promise<number> {
  const stop = Promise.withResolvers<string | null>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.resolve(null));
  await checkPort(config);
  const embedded = config.databaseUrl === undefined ? await startEmbedded({ dataDir: config.dataDir }) : undefined;
  // It has one book: what was paid through one worker is asked about and given back through any other.
  const gateway = config.gateway.kind === "simulated" ? await openSimulator(config.dataDir, config.currency) : undefined;
  void embedded?.died.then(stop.resolve);
  let stopping = false;
  cluster.setupPrimary({ args: ["serve"] });
  answerMetrics();

  // What a worker can't know from a database that it is given: that it is the embedded one's, with its defaults.
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
      if (gateway) gateway.simulator.webhooks.url = `http://${onThisMachine(config.host)}:${port}/payments/webhooks/toss`;
    });
    return worker;
  };
  // The first alone: it migrates, and fills an empty shop.
  const opened = new Promise((resolve) => start(true).once("listening", resolve));
  if ((await Promise.race([opened.then(() => undefined), stop.promise])) === undefined) for (let i = 1; i < count; i++) start(false);

  const reason = await stop.promise;
  if (reason !== null) console.error(`The shop can't go on: ${reason}`);
  stopping = true;
  await endWorkers();
  await gateway?.simulator.close();
  await embedded?.stop();
  return reason === null ? 0 : 1;
}

/** A host that listens to everybody is reached from here by the loopback. */
function onThisMachine(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

async function endWorkers(): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const overdue = setTimeout(() => workers.forEach((worker) => worker.process.kill("SIGKILL")), KILL_AFTER_MS);
  await Promise.all(
    workers.map(async (worker) => {
      if (worker.isDead()) return;
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.process.kill("SIGTERM");
      await ended;
    }),
  );
  clearTimeout(overdue);
}

/** Whichever worker Prometheus asks, it hears of all that are open. One that does not answer soon is left out. */
function answerMetrics(): void {
  const open = new Set<Worker>();
  const gathering = new Map<number, (own: object[]) => void>();
  let asked = 0;
  cluster.on("listening", (worker) => open.add(worker));
  cluster.on("exit", (worker) => open.delete(worker));

  function ownMetrics(worker: Worker): Promise<object[] | undefined> {
    const number = ++asked;
    return new Promise((resolve) => {
      const done = (own?: object[]): void => {
        clearTimeout(timer);
        gathering.delete(number);
        resolve(own);
      };
      const timer = setTimeout(done, GATHER_MS);
      gathering.set(number, done);
      say(worker, { jangnal: "own metrics", number });
    });
  }

  cluster.on("message", (worker, message: unknown) => {
    if (!isMetricsMessage(message)) return;
    if (message.jangnal === "own metrics") return gathering.get(message.number)?.(message.own ?? []);
    void Promise.all([...open].map(ownMetrics))
      .then((all) => AggregatorRegistry.aggregate(all.filter((own) => own !== undefined)).metrics())
      .then((text) => say(worker, { ...message, text }));
  });
}

/** A worker that has just ended hears nothing more. */
function say(worker: Worker, message: MetricsMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
