// Opens the till and all that follows its commits: invalidation, outbox relay, live metrics.

import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { logReport } from "../backlog/log-lines.ts";
import type { Config } from "../config.ts";
import { SoldOut } from "../coupon/sold-out.ts";
import type { Now } from "../database/clock.ts";
import { ProductDrops } from "../drop/product-drops.ts";
import { readDrop } from "../drop/read-drop.ts";
import { DropLive } from "../drop/live/drop-live.ts";
import { addsShopEvents } from "../events/shop-events.ts";
import type { Database } from "../database/pool.ts";
import { Listener } from "../database/listener.ts";
import { ConfigError } from "../env.ts";
import { Counters } from "../live/counters.ts";
import { Live } from "../live/live.ts";
import { addsOrderEvents } from "../order/order-changes.ts";
import { Relay } from "../outbox/relay.ts";
import { openSinks } from "../outbox/sinks/open-sinks.ts";
import { checkStored, joinInstances } from "../settings/stored-settings.ts";
import { CHANNEL, PostgresStore } from "../till/postgres-store.ts";
import { LocalTill, type Till } from "../till/till.ts";
import { announcementOf, Invalidation, notify } from "./invalidation.ts";
import type { ShopDatabase } from "./open-database.ts";
import type { SharedState } from "./shared-state.ts";

export type OpenTillOptions = {
  config: Config;
  log: Logger;
  opened: ShopDatabase;
  shared: SharedState;
  /** The database's clock, unless a test replaces it. */
  now: Now;
  /** Replaces the clock of the till's rounds, for tests. */
  fixedNow: Now | undefined;
};

export type OpenTill = {
  till: Till;
  soldOut: SoldOut;
  productDrops: ProductDrops;
  dropLive: DropLive;
  invalidation: Invalidation;
  live: Live;
  relay: Relay;
  /** Resolves with the reason when other settings are stored than this instance has. */
  outdated: Promise<string>;
};

/** Opens them, and adds to `stack` how to close them. Errors: ConfigError if the stored settings are not this instance's. */
export async function openTill(stack: AsyncDisposableStack, { config, log, opened, shared, now, fixedNow }: OpenTillOptions): Promise<OpenTill> {
  const { url, database, clock } = opened;
  const outdated = Promise.withResolvers<string>();
  const onListenerError = (error: Error): void =>
    error instanceof ConfigError ? outdated.resolve(error.message) : log.warn({ err: error.message }, "a database connection broke");
  const soldOut = new SoldOut(database);
  const productDrops = new ProductDrops(database);
  const invalidation = new Invalidation({
    database,
    cache: shared.cache,
    soldOut,
    productDrops,
    onDropsChanged: () => dropLive.changed(),
    onSettingsChanged: () => void checkStored(database, config).catch(onListenerError),
    onError: (error) => log.warn({ err: error.message }, "the holders of a sold-out coupon could not be read"),
  });
  const dropLive = openDropLive(database, shared, now, log);
  const { lockWaitMs } = config;
  const store = new PostgresStore({
    url,
    lockWaitMs,
    announce: announcementOf,
    firstCome: shared.firstCome,
    onInstant: clock.observe,
    now: fixedNow,
  });
  stack.defer(() => store.close());
  const till = new LocalTill({
    store,
    waitMs: lockWaitMs,
    onCommit(changes) {
      invalidation.committed(changes);
      if (addsOrderEvents(changes) || addsShopEvents(changes)) relay.wake();
      live.committed(changes);
    },
    onFault: (command, error) => log.error({ err: error, command }, "a command failed with an unexpected error"),
  });
  const id = randomUUID().slice(0, 8);
  const live = new Live({ database, counters: new Counters(till), now, id, notify: (message) => notify(database, message) });
  const listener = new Listener({
    url,
    channel: CHANNEL,
    onMessage: (message) => live.onMessage(message) || invalidation.receive(message),
    onConnect: (client) => joinInstances(client, config),
    onGap: () => invalidation.missedMessages(),
    onError: onListenerError,
  });
  stack.defer(() => listener.stop());
  // Joins the running instances before anything is read or written by this instance's settings.
  await listener.start();

  const sinks = await openSinks({ platforms: config.dataPlatforms, dataDir: config.dataDir, webhookSecret: config.webhookSecret });
  const relay = new Relay({
    database,
    sinks,
    onError: (error) => log.warn({ err: error }, "the outbox relay failed; it tries again"),
    onReport: (report) => logReport(log, report),
  });
  stack.defer(() => relay.stop());
  return { till, soldOut, productDrops, dropLive, invalidation, live, relay, outdated: outdated.promise };
}

function openDropLive(database: Database, { cache }: SharedState, now: Now, log: Logger): DropLive {
  return new DropLive({
    read: (dropId) => readDrop({ database, cache }, dropId),
    now,
    onError: (error) => log.warn({ err: (error as Error).message }, "a drop could not be read for its listeners"),
  });
}
