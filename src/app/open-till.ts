// Opens the till and all that follows its commits: invalidation, outbox relay, live metrics.

import { CachedAccounts } from "../balance/accounts.ts";
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { logReport } from "../backlog/log-lines.ts";
import type { Config } from "../config.ts";
import { addsStockEvents, stockEventsOf } from "../catalog/stock-events.ts";
import { VariantCache } from "../catalog/variant-cache.ts";
import { SoldOut } from "../coupon/sold-out.ts";
import type { Now } from "../database/clock.ts";
import { ProductDrops } from "../drop/product-drops.ts";
import { readDrop } from "../drop/read-drop.ts";
import { DropLive } from "../drop/live/drop-live.ts";
import { isSentBy } from "../events/sent-events.ts";
import { addsShopEvents } from "../events/shop-events.ts";
import type { Database } from "../database/pool.ts";
import { Listener } from "../database/listener.ts";
import { ConfigError } from "../env.ts";
import { Counters } from "../live/counters.ts";
import { Live } from "../live/live.ts";
import { OrderCache } from "../order/order-cache.ts";
import { addsOrderEvents } from "../order/order-changes.ts";
import { Relay } from "../outbox/relay.ts";
import { openSinks } from "../outbox/sinks/open-sinks.ts";
import { checkStored, joinInstances } from "../settings/stored-settings.ts";
import type { ShopTelemetry } from "../telemetry/shop-telemetry.ts";
import { TillServer } from "../till/link/till-server.ts";
import { RemoteTill } from "../till/link/remote-till.ts";
import { CHANNEL, PostgresStore } from "../till/postgres-store.ts";
import { LocalTill, type Till } from "../till/till.ts";
import { commandsByName } from "./commands.ts";
import { announcementOf, Invalidation, notify } from "./invalidation.ts";
import type { Changes } from "../till/table.ts";
import type { ShopDatabase } from "./open-database.ts";
import type { SharedState } from "./shared-state.ts";

/**
 * A process's end of the link between a till and its workers: the till, or one of the workers, and the path of the till's Unix socket. One worker
 * relays the outbox, because that would take time of the till's thread.
 */
export type TillLink = { role: "till"; path: string } | { role: "worker"; path: string; relays: boolean };

export type OpenTillOptions = {
  config: Config;
  log: Logger;
  opened: ShopDatabase;
  shared: SharedState;
  /** The database's clock, unless a test replaces it. */
  now: Now;
  /** Replaces the clock of the till's rounds, for tests. */
  fixedNow: Now | undefined;
  /** Undefined: this process has a till for itself. */
  link: TillLink | undefined;
  telemetry: ShopTelemetry | undefined;
};

export type OpenTill = {
  till: Till;
  /** Whether the till can be reached, for a worker. */
  isReachable: () => boolean;
  /** Accepts workers, if this process has their till. */
  server: TillServer | undefined;
  accounts: CachedAccounts;
  variantCache: VariantCache;
  orderCache: OrderCache;
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
export async function openTill(stack: AsyncDisposableStack, options: OpenTillOptions): Promise<OpenTill> {
  const { config, log, opened, shared, now, link } = options;
  const { url, database } = opened;
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
    onAccountsChanged: (externalId) => accounts.forget(externalId),
    onSettingsChanged: () => void checkStored(database, config).catch(onListenerError),
    onError: (error) => log.warn({ err: error.message }, "the holders of a sold-out coupon could not be read"),
  });
  const dropLive = openDropLive(database, shared, now, log);
  const caches = { variantCache: new VariantCache(database), orderCache: new OrderCache(database, productDrops), productDrops };
  const onCommit = (changes: Changes): void => {
    const outdatedCaches = invalidation.committed(changes);
    if (outdatedCaches !== undefined) server?.announce(outdatedCaches);
    if (addsOrderEvents(changes) || addsShopEvents(changes) || addsStockEvents(changes)) {
      if (server) server.announceEvents();
      else relay.wake();
    }
    live.committed(changes);
  };
  const { till, server, isReachable } =
    link?.role === "worker"
      ? openRemoteTill(stack, link.path, invalidation, () => relay.wake(), options)
      : openLocalTill(stack, onCommit, caches, options);
  const accounts = new CachedAccounts({ till, provision: config.auth.provision });
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
  const { telemetry } = options;
  const relay = new Relay({
    database,
    sinks: telemetry ? sinks.map((sink) => telemetry.sink(sink)) : sinks,
    contents: { types: config.platformEvents, timezone: config.timezone, personalData: config.platformPersonalData },
    onError: (error) => log.warn({ err: error }, "the outbox relay failed; it tries again"),
    onReport: (report) => logReport(log, report),
  });
  stack.defer(() => relay.stop());
  if (server) stack.defer(() => server.close());
  return { till, isReachable, server, accounts, ...caches, soldOut, dropLive, invalidation, live, relay, outdated: outdated.promise };
}

type Caches = Pick<OpenTill, "variantCache" | "orderCache" | "productDrops">;
type AnyTill = Pick<OpenTill, "till" | "isReachable" | "server">;

/** The till of this process; with `link`, of its workers too. */
function openLocalTill(
  stack: AsyncDisposableStack,
  onCommit: (changes: Changes) => void,
  caches: Caches,
  { config, log, opened, shared, now, fixedNow, link, telemetry }: OpenTillOptions,
): AnyTill {
  const { url, database, clock } = opened;
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
  const onFault = (command: string, error: unknown): void => log.error({ err: error, command }, "a command failed with an unexpected error");
  const till = new LocalTill({
    store: telemetry?.store(store) ?? store,
    waitMs: lockWaitMs,
    complete: stockEventsOf(isSentBy(config.platformEvents)),
    onCommit,
    onFault,
    tracing: telemetry?.till,
  });
  if (!link) return { till, isReachable: () => true, server: undefined };
  const commands = commandsByName({ database, now, ...caches, cardsAreTaken: config.gateway.kind !== "none" });
  return { till, isReachable: () => true, server: new TillServer({ till, commands, onFault, within: telemetry?.till.receive }) };
}

/** The till of another process of this machine. */
function openRemoteTill(
  stack: AsyncDisposableStack,
  path: string,
  invalidation: Invalidation,
  onEvents: () => void,
  { config, log, telemetry }: OpenTillOptions,
): AnyTill {
  const till = new RemoteTill({
    path,
    waitMs: config.lockWaitMs,
    traceparent: telemetry?.till.send,
    onAnnounced: (message) => invalidation.receive(message),
    onEvents,
    onChange(up) {
      if (up) {
        log.info("the till is reached");
        invalidation.missedMessages();
      } else log.warn("the till cannot be reached; until it is back, requests that need it are answered 503");
    },
  });
  stack.defer(() => till.close());
  till.start();
  return { till, isReachable: () => till.isUp, server: undefined };
}

function openDropLive(database: Database, { cache }: SharedState, now: Now, log: Logger): DropLive {
  return new DropLive({
    read: (dropId) => readDrop({ database, cache }, dropId),
    now,
    onError: (error) => log.warn({ err: (error as Error).message }, "a drop could not be read for its listeners"),
  });
}
