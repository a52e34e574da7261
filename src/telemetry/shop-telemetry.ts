// Everything that OpenTelemetry sees of a shop: requests, commands, rounds, the database's flights, gateway calls, deliveries, and the shop's metrics.

import type { Registry } from "prom-client";
import type { Gateway } from "../gateway/gateway.ts";
import type { OnCall } from "../gateway/toss/toss.ts";
import type { Sink } from "../outbox/sinks/sink.ts";
import type { Store } from "../till/store.ts";
import { gatewayDurations, tracedGateway } from "./gateway-spans.ts";
import { HttpSpans } from "./http-spans.ts";
import { sendShopMetrics } from "./shop-metrics.ts";
import { SinkSpans } from "./sink-spans.ts";
import { Telemetry, type TelemetryOptions } from "./telemetry.ts";
import { TillSpans, TracedStore } from "./till-spans.ts";

export class ShopTelemetry {
  readonly http: HttpSpans;
  readonly till: TillSpans;
  readonly onGatewayCall: OnCall;
  readonly #telemetry: Telemetry;
  readonly #sinks: SinkSpans;

  constructor(options: TelemetryOptions) {
    this.#telemetry = new Telemetry(options);
    this.http = new HttpSpans(this.#telemetry);
    this.till = new TillSpans(this.#telemetry);
    this.#sinks = new SinkSpans(this.#telemetry);
    this.onGatewayCall = gatewayDurations(this.#telemetry);
  }

  store(store: Store): Store {
    return new TracedStore(store, this.#telemetry, this.#sinks.committed);
  }

  gateway(gateway: Gateway): Gateway {
    return tracedGateway(gateway, this.#telemetry);
  }

  sink(sink: Sink): Sink {
    return this.#sinks.traced(sink);
  }

  /** Sends the metrics that the registry has by now, for the last time when `stack` begins to close: later the database is gone. */
  async sendMetrics(stack: AsyncDisposableStack, registry: Registry): Promise<void> {
    await sendShopMetrics(this.#telemetry, registry);
    stack.defer(() => this.#telemetry.flushMetrics());
  }

  /** Sends the rest to the collector, which has two seconds to take it. */
  close(): Promise<void> {
    return this.#telemetry.close();
  }
}
