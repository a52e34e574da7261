import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { readCounter, readGauge } from "../read-metrics.ts";
import type { GatewayPolicy } from "./toss/gateway-policy.ts";
import type { TossOptions } from "./toss/toss.ts";

const STATES = ["closed", "half-open", "open"] as const;

/** What Prometheus is told of the gateway. Answers what is to be told of each call. */
export function gatewayMetrics(registry: Registry, guard: () => GatewayPolicy): NonNullable<TossOptions["onCall"]> {
  const registers = [registry];
  const calls = new Counter({
    name: "jangnal_gateway_calls_total",
    help: "Calls to the payment gateway by operation and outcome",
    labelNames: ["operation", "outcome"] as const,
    registers,
  });
  const seconds = new Histogram({
    name: "jangnal_gateway_call_seconds",
    help: "Time that calls to the payment gateway took",
    labelNames: ["operation"] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  new Gauge({
    name: "jangnal_gateway_breaker",
    help: "1 for the state that the gateway's circuit breaker is in",
    labelNames: ["state"] as const,
    registers,
    collect() {
      for (const state of STATES) this.set({ state }, guard().state === state ? 1 : 0);
    },
  });
  readGauge(registry, "jangnal_gateway_waiting", "Requests that wait for the payment gateway", () => guard().counts.waiting);
  readCounter(registry, "jangnal_gateway_breaks_total", "How often the breaker has opened", () => guard().counts.opened);
  readCounter(
    registry,
    "jangnal_gateway_turned_away_total",
    "Requests answered BUSY because of the payment gateway",
    () => guard().counts.turnedAway,
  );
  return ({ operation, outcome, seconds: took }) => {
    calls.inc({ operation, outcome });
    seconds.observe({ operation }, took);
  };
}
