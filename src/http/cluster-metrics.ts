// One instance's numbers, or under `serve --workers` those of all of them, which the process above gathers (cli/workers.ts).

import cluster from "node:cluster";
import type { Registry } from "prom-client";

/** What the two sides say to each other: a worker asks for everybody's, and each is asked for its own. */
export type MetricsMessage = { jangnal: "all metrics" | "own metrics"; number: number; text?: string; own?: object[] };

const PATIENCE_MS = 5000;
const waiting = new Map<number, (text: string) => void>();
let asked = 0;

/** Prometheus' text. */
export function clusterMetrics(registry: Registry): Promise<string> {
  if (!cluster.isWorker) return registry.metrics();
  return new Promise((resolve, reject) => {
    const number = ++asked;
    const timer = setTimeout(() => {
      waiting.delete(number);
      reject(new Error("the process above did not gather the workers' numbers in time"));
    }, PATIENCE_MS);
    waiting.set(number, (text) => {
      clearTimeout(timer);
      resolve(text);
    });
    process.send?.({ jangnal: "all metrics", number } satisfies MetricsMessage);
  });
}

/** Gives this worker's numbers to the process above when it asks, and takes everybody's from it. */
export function shareMetrics(registry: Registry): void {
  if (!cluster.isWorker) return;
  process.on("message", (message: unknown) => {
    if (!isMetricsMessage(message)) return;
    if (message.jangnal === "own metrics") return void registry.getMetricsAsJSON().then((own) => process.send?.({ ...message, own }));
    waiting.get(message.number)?.(message.text ?? "");
    waiting.delete(message.number);
  });
}

export function isMetricsMessage(message: unknown): message is MetricsMessage {
  return typeof message === "object" && message !== null && "jangnal" in message && "number" in message;
}
