// Sends the shop's own metrics, those of `/metrics` that begin with `jangnal_`, also to the collector. Their histograms have counterparts with
// standard names.

import type { Observable } from "@opentelemetry/api";
import type { Registry } from "prom-client";
import type { Telemetry } from "./telemetry.ts";

/** `jangnal_till_rounds_total` is `jangnal.till.rounds`. */
function nameOf(metric: string): string {
  return metric
    .replace(/_total$/, "")
    .replace(/_seconds$/, "")
    .replaceAll("_", ".");
}

/** Registers all metrics that the registry has by now. */
export async function sendShopMetrics(telemetry: Telemetry, registry: Registry): Promise<void> {
  const instruments = new Map<string, Observable>();
  for (const { name, help, type } of await registry.getMetricsAsJSON()) {
    const options = { description: help, ...(/_seconds(_total)?$/.test(name) ? { unit: "s" } : {}) };
    // Metrics of requests have standard names already (http-spans.ts).
    if (!/^jangnal_(?!http_)/.test(name)) continue;
    if (String(type) === "counter") instruments.set(name, telemetry.meter.createObservableCounter(nameOf(name), options));
    else if (String(type) === "gauge") instruments.set(name, telemetry.meter.createObservableGauge(nameOf(name), options));
  }
  telemetry.meter.addBatchObservableCallback(
    async (result) => {
      for (const { name, values } of await registry.getMetricsAsJSON()) {
        const instrument = instruments.get(name);
        if (instrument) for (const { value, labels } of values) result.observe(instrument, value, labels);
      }
    },
    [...instruments.values()],
  );
}
