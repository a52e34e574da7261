// The metrics of one instance, or, under `serve --workers`, of all workers. The primary process gathers them (cli/workers.ts).

import cluster from "node:cluster";
import type { Registry } from "prom-client";

/** Messages between a worker and the primary: a worker asks for all metrics, the primary asks each worker for its own. */
export type MetricsMessage = { jangnal: "all metrics" | "own metrics"; number: number; text?: string; own?: object[] };

const TIMEOUT_MS = 5000;
const pending = new Map<number, (text: string) => void>();
let lastNumber = 0;

/** The metrics in Prometheus's text format. */
export function clusterMetrics(registry: Registry): Promise<string> {
  if (!cluster.isWorker) return registry.metrics();
  return new Promise((resolve, reject) => {
    const number = ++lastNumber;
    const timer = setTimeout(() => {
      pending.delete(number);
      reject(new Error("the primary process did not gather the workers' metrics in time"));
    }, TIMEOUT_MS);
    pending.set(number, (text) => {
      clearTimeout(timer);
      resolve(text);
    });
    process.send?.({ jangnal: "all metrics", number } satisfies MetricsMessage);
  });
}

/** Sends this worker's metrics to the primary on request, and receives the gathered ones. */
export function shareMetrics(registry: Registry): void {
  if (!cluster.isWorker) return;
  process.on("message", (message: unknown) => {
    if (!isMetricsMessage(message)) return;
    if (message.jangnal === "own metrics") return void registry.getMetricsAsJSON().then((own) => process.send?.({ ...message, own }));
    pending.get(message.number)?.(message.text ?? "");
    pending.delete(message.number);
  });
}

export function isMetricsMessage(message: unknown): message is MetricsMessage {
  return typeof message === "object" && message !== null && "jangnal" in message && "number" in message;
}
