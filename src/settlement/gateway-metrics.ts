import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { readCounter, readGauge } from "../read-metrics.ts";
import type { GatewayPolicy } from "../gateway/toss/gateway-policy.ts";
import type { OnCall } from "../gateway/toss/toss.ts";

const STATES = ["closed", "half-open", "open"] as const;

/** Registers the metrics of the gateway. Returns the function that records one call. */
export function gatewayMetrics(registry: Registry, policy: () => GatewayPolicy): OnCall {
  const registers = [registry];
  const calls = new Counter({
    name: "jangnal_gateway_calls_total",
    help: "Calls to the payment gateway by operation and outcome",
    labelNames: ["operation", "outcome"] as const,
    registers,
  });
  const seconds = new Histogram({
    name: "jangnal_gateway_call_seconds",
    help: "Duration of calls to the payment gateway",
    labelNames: ["operation"] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  new Gauge({
    name: "jangnal_gateway_breaker",
    help: "1 for the current state of the gateway's circuit breaker",
    labelNames: ["state"] as const,
    registers,
    collect() {
      for (const state of STATES) this.set({ state }, policy().state === state ? 1 : 0);
    },
  });
  readGauge(registry, "jangnal_gateway_waiting", "Requests waiting for the payment gateway", () => policy().counts.waiting);
  readCounter(registry, "jangnal_gateway_breaks_total", "Times that the gateway's circuit breaker has opened", () => policy().counts.opened);
  for (const name of ["jangnal_gateway_requests_rejected_total", "jangnal_gateway_turned_away_total"])
    readCounter(registry, name, "Requests answered BUSY because of the payment gateway", () => policy().counts.rejected);
  return ({ operation, outcome, seconds: took }) => {
    calls.inc({ operation, outcome });
    seconds.observe({ operation }, took);
  };
}
