// Opens the payment gateway, and settlement of the attempts at it.

import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { CARDS_TAKEN, openGateway } from "../gateway/open-gateway.ts";
import type { GatewayPolicy } from "../gateway/toss/gateway-policy.ts";
import type { OnCall } from "../gateway/toss/toss.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { gatewayMetrics } from "../settlement/gateway-metrics.ts";
import { openSettlement } from "../settlement/settlement.ts";
import type { ShopTelemetry } from "../telemetry/shop-telemetry.ts";
import type { Till } from "../till/till.ts";

export type OpenPaymentsOptions = {
  config: Config;
  database: Database;
  till: Till;
  orderCache: OrderCache;
  now: Now;
  log: Logger;
  registry: Registry;
  telemetry: ShopTelemetry | undefined;
};

/** Opens them, and adds to `stack` how to close them. */
export async function openPayments(stack: AsyncDisposableStack, options: OpenPaymentsOptions) {
  const { config, database, till, orderCache, now, log, registry, telemetry } = options;
  const measure = (policy: () => GatewayPolicy): OnCall => {
    const count = gatewayMetrics(registry, policy);
    return (call) => {
      count(call);
      telemetry?.onGatewayCall(call);
    };
  };
  const opened = await openGateway(config.gateway, { dataDir: config.dataDir, measure });
  const { simulator, stop } = opened;
  const [gateway, background] = [opened.gateway, opened.background].map((one) => telemetry?.gateway(one) ?? one) as [Gateway, Gateway];
  stack.defer(opened.close);
  const stopping = new AbortController();
  log.info({ cards: config.gateway.kind }, `cards are ${CARDS_TAKEN[config.gateway.kind]}`);
  const settlement = openSettlement({
    database,
    till,
    gateway,
    background,
    orderCache,
    settings: config.gateway,
    hasGateway: config.gateway.kind !== "none",
    balanceMax: config.balanceMax,
    now,
    stopping: stopping.signal,
    onError: (error) => log.warn({ err: error }, "payment gateway request failed; settlement retries on its next run"),
  });
  stack.defer(() => settlement.worker.stop());
  return {
    gateway,
    background,
    settlement,
    /** Ends the calls to the gateway, and the waiting for them. */
    stop(): void {
      stopping.abort();
      stop();
    },
    /** Tells the simulator in this process the shop's address. */
    onListening(url: string): void {
      if (simulator) simulator.webhooks.url = `${url}/payments/webhooks/toss`;
    },
  };
}
