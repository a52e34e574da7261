// Opens the payment gateway, and settlement of the attempts at it.

import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { CARDS_TAKEN, openGateway } from "../gateway/open-gateway.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { CardCharges } from "../settlement/card-charges.ts";
import { CardPayments } from "../settlement/card-payments.ts";
import { SettlementWorker, unmatchedCaptureSource } from "../settlement/settlement-worker.ts";
import type { Till } from "../till/till.ts";

export type OpenPaymentsOptions = {
  config: Config;
  database: Database;
  till: Till;
  orderCache: OrderCache;
  now: Now;
  log: Logger;
  registry: Registry;
};

export type OpenPayments = Awaited<ReturnType<typeof openPayments>>;

/** Opens them, and adds to `stack` how to close them. */
export async function openPayments(stack: AsyncDisposableStack, { config, database, till, orderCache, now, log, registry }: OpenPaymentsOptions) {
  const { gateway, simulator, close } = await openGateway(config.gateway, { dataDir: config.dataDir, registry });
  stack.defer(close);
  log.info({ cards: config.gateway.kind }, `cards are ${CARDS_TAKEN[config.gateway.kind]}`);
  const settings = config.gateway;
  const cards = new CardPayments({ database, till, gateway, orderCache, settings, now });
  const charges = new CardCharges({ database, till, gateway, settings, now, balanceMax: config.balanceMax });
  const desk = new SettlementWorker({
    database,
    sources: [...cards.sources, charges.source, unmatchedCaptureSource(database, gateway, settings, now)],
    now,
    attemptsOf: async (paymentKey) => [...(await cards.attemptsOf(paymentKey)), ...(await charges.attemptsOf(paymentKey))],
    onError: (error) => log.warn({ err: error }, "payment gateway request failed; settlement retries on its next run"),
  });
  stack.defer(() => desk.stop());
  return {
    ...{ gateway, cards, charges, desk },
    /** Tells the simulator in this process where the shop listens. */
    onListening(url: string): void {
      if (simulator) simulator.webhooks.url = `${url}/payments/webhooks/toss`;
    },
  };
}
