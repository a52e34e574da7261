// Spans of calls to the payment gateway, with their retries. A `traceparent` does not go there: it is another company's server.

import { type Histogram, SpanKind } from "@opentelemetry/api";
import type { Gateway } from "../gateway/gateway.ts";
import type { OnCall } from "../gateway/toss/toss.ts";
import type { Telemetry } from "./telemetry.ts";

type Operation = Parameters<OnCall>[0]["operation"];

function methodOf(operation: Operation): string {
  return operation === "confirm" || operation === "cancel" ? "POST" : "GET";
}

/** The calls that are spans. Ledgers are read page by page, as the caller asks for them. */
const TRACED: ReadonlySet<string | symbol> = new Set<Operation>(["confirm", "cancel", "find"]);

type Method = (this: Gateway, ...args: unknown[]) => Promise<unknown>;

/** The same gateway, with spans. Whatever else it can do it still does: a gateway may have methods that others lack. */
export function tracedGateway(gateway: Gateway, telemetry: Telemetry): Gateway {
  return new Proxy(gateway, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = (value as Method).bind(target);
      if (!TRACED.has(name)) return method;
      const operation = name as Operation;
      const attributes = { "jangnal.gateway.operation": operation, "http.request.method": methodOf(operation) };
      return (...args: unknown[]) => telemetry.run(`gateway ${operation}`, { kind: SpanKind.CLIENT, attributes }, () => method(...args));
    },
  });
}

/** Returns the function that records the duration of each request to the gateway, retries apart. */
export function gatewayDurations(telemetry: Telemetry): OnCall {
  const durations: Histogram = telemetry.durations("http.client.request.duration", "Duration of HTTP client requests");
  return ({ operation, outcome, seconds }) => {
    const answered = /^\d+$/.test(outcome);
    const result = answered ? { "http.response.status_code": Number(outcome) } : { "error.type": outcome };
    durations.record(seconds, { "http.request.method": methodOf(operation), "jangnal.gateway.operation": operation, ...result });
  };
}
