// Spans of calls to the payment gateway, with their retries. A `traceparent` does not go there: it is another company's server.

import { type Histogram, SpanKind } from "@opentelemetry/api";
import type { Cancellation, Confirmation, Gateway, GatewayAnswer, GatewayPayment, GatewayTransaction } from "../gateway/gateway.ts";
import type { OnCall } from "../gateway/toss/toss.ts";
import type { Telemetry } from "./telemetry.ts";

const METHODS: Record<Parameters<OnCall>[0]["operation"], string> = { confirm: "POST", cancel: "POST", find: "GET", transactions: "GET" };

export class TracedGateway implements Gateway {
  readonly currency: string;
  readonly #gateway: Gateway;
  readonly #telemetry: Telemetry;

  constructor(gateway: Gateway, telemetry: Telemetry) {
    this.currency = gateway.currency;
    this.#gateway = gateway;
    this.#telemetry = telemetry;
  }

  confirm(confirmation: Confirmation): Promise<GatewayAnswer> {
    return this.#call("confirm", () => this.#gateway.confirm(confirmation));
  }

  cancel(cancellation: Cancellation): Promise<GatewayAnswer> {
    return this.#call("cancel", () => this.#gateway.cancel(cancellation));
  }

  find(paymentKey: string): Promise<GatewayPayment | undefined> {
    return this.#call("find", () => this.#gateway.find(paymentKey));
  }

  transactions(from: number, to: number): AsyncIterable<GatewayTransaction> {
    return this.#gateway.transactions(from, to);
  }

  admit<T>(work: () => Promise<T>): Promise<T> {
    return this.#gateway.admit(work);
  }

  #call<T>(operation: keyof typeof METHODS, send: () => Promise<T>): Promise<T> {
    const attributes = { "jangnal.gateway.operation": operation, "http.request.method": METHODS[operation] };
    return this.#telemetry.run(`gateway ${operation}`, { kind: SpanKind.CLIENT, attributes }, send);
  }
}

/** Returns the function that records the duration of each request to the gateway, retries apart. */
export function gatewayDurations(telemetry: Telemetry): OnCall {
  const durations: Histogram = telemetry.durations("http.client.request.duration", "Duration of HTTP client requests");
  return ({ operation, outcome, seconds }) => {
    const answered = /^\d+$/.test(outcome);
    const result = answered ? { "http.response.status_code": Number(outcome) } : { "error.type": outcome };
    durations.record(seconds, { "http.request.method": METHODS[operation], "jangnal.gateway.operation": operation, ...result });
  };
}
