// The metrics of all processes of `serve --workers`, gathered by the primary process for the worker that is asked.

import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry } from "prom-client";
import { isMetricsMessage, type MetricsMessage } from "../http/cluster-metrics.ts";

/** A process that does not send its metrics within this time is left out. */
const TIMEOUT_MS = 2000;

/** Answers workers that ask for the metrics of all. Workers that listen are included by themselves, another process by `include`. */
export function gatherMetrics(): { include(process: Worker): void } {
  const included = new Set<Worker>();
  const pending = new Map<number, (own: object[]) => void>();
  let lastNumber = 0;
  cluster.on("listening", (worker) => included.add(worker));
  cluster.on("exit", (worker) => included.delete(worker));

  function ownMetrics(worker: Worker): Promise<object[] | undefined> {
    const number = ++lastNumber;
    return new Promise((resolve) => {
      const done = (own?: object[]): void => {
        clearTimeout(timer);
        pending.delete(number);
        resolve(own);
      };
      const timer = setTimeout(done, TIMEOUT_MS);
      pending.set(number, done);
      send(worker, { jangnal: "own metrics", number });
    });
  }

  cluster.on("message", (worker, message: unknown) => {
    if (!isMetricsMessage(message)) return;
    if (message.jangnal === "own metrics") return pending.get(message.number)?.(message.own ?? []);
    void Promise.all([...included].map(ownMetrics))
      .then((all) => AggregatorRegistry.aggregate(all.filter((own) => own !== undefined)).metrics())
      .then((text) => send(worker, { ...message, text }));
  });
  return { include: (process) => void included.add(process) };
}

/** Does nothing for a worker that has just exited. */
function send(worker: Worker, message: MetricsMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
