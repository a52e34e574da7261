// Opens the parts of the shop in order, and closes them in reverse order.

import cluster from "node:cluster";
import { type Logger, pino } from "pino";
import type { Registry } from "prom-client";
import { BacklogLog } from "../backlog/backlog-log.ts";
import { backlogMetrics } from "../backlog/backlog-metrics.ts";
import { BacklogReader } from "../backlog/backlog.ts";
import { logBacklog } from "../backlog/log-lines.ts";
import { VariantCache } from "../catalog/variant-cache.ts";
import type { Config } from "../config.ts";
import { expireCoupons } from "../coupon/coupon-expiry.job.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type HoldParts, HoldWatch, lapseHolds, loseLines } from "../drop/expire-holds.job.ts";
import { fillWithDemo } from "../demo/demo.ts";
import { shopMetrics } from "../http/metrics.ts";
import { addressError, checkPort } from "../http/port.ts";
import { shopSecret } from "../http/secret.ts";
import { Scheduler } from "../jobs/scheduler.ts";
import { OrderCache } from "../order/order-cache.ts";
import { expireOrders } from "../order/order-expiry.job.ts";
import type { Relay } from "../outbox/relay.ts";
import { openDatabase } from "./open-database.ts";
import { openHttp } from "./open-http.ts";
import { openPayments } from "./open-payments.ts";
import { openTill } from "./open-till.ts";
import type { ShopParts } from "./routes.ts";
import { openSharedState } from "./shared-state.ts";
import { shopJobs } from "./shop-jobs.ts";

/** A running shop. */
export type OpenShop = ShopParts & {
  /** The address where it listens. */
  url: string;
  /** Signs the shop's own tokens. */
  secret: string;
  /** Resolves with the reason if the shop cannot go on: the embedded database died, or other settings were stored. */
  broken: Promise<string>;
  /** Stops accepting requests, finishes the accepted ones, and releases everything. */
  close(): Promise<void>;
};

/** `now` replaces the database's clock, for tests. */
export type OpenOptions = { now?: Now | undefined };

/**
 * Opens a shop: database, migrations, till, jobs, HTTP.
 * Errors: ConfigError and the embedded database's, each one sentence that says what to do.
 */
export async function openShop(config: Config, { now }: OpenOptions = {}): Promise<OpenShop> {
  const log = pino({ level: config.logLevel });
  // For a worker of `serve --workers` the primary process has checked the port.
  if (cluster.isPrimary) await checkPort(config);
  const stack = new AsyncDisposableStack();
  try {
    return await openParts(config, log, stack, now);
  } catch (error) {
    log.level = "silent"; // Errors from here on only follow from closing.
    await stack.disposeAsync().catch(() => {});
    throw error;
  }
}

async function openParts(config: Config, log: Logger, stack: AsyncDisposableStack, fixedNow: Now | undefined): Promise<OpenShop> {
  const opened = await openDatabase(config, stack, log);
  // After the database, whose lock keeps a second process out of DATA_DIR.
  const secret = shopSecret(config);
  const { database, lists, clock } = opened;
  const now = fixedNow ?? clock.now;
  const onChange = (up: boolean, reason?: string): void => log.warn({ reason }, up ? "Redis is up" : "Redis is down; the shop continues without it");
  const shared = await openSharedState({ redisUrl: config.redisUrl, database, lockWaitMs: config.lockWaitMs, onChange });
  stack.defer(() => shared.close());
  const afterTill = await openTill(stack, { config, log, opened, shared, now, fixedNow });
  const { till, soldOut, productDrops, dropLive, invalidation, live, relay, outdated } = afterTill;
  const registry = shopMetrics(till);
  const { backlog, backlogLog } = openBacklog(stack, { database, relay, registry, log });

  // Jobs end after settlement and the gateway, which one of them uses.
  const scheduling = stack.use(new AsyncDisposableStack());
  const orderCache = new OrderCache(database, productDrops);
  const expireHolds = openHolds(scheduling, { database, till, productDrops, orderCache, now, log });
  const cards = await openPayments(stack, { config, database, till, orderCache, now, log, registry });
  const jobs = shopJobs({
    database,
    timezone: config.timezone,
    now,
    relay,
    expireOrders: () => expireOrders({ database, till, orderCache, now }),
    expireHolds,
    expireCoupons: () => expireCoupons({ database, till, now }),
    settlePayments: () => cards.settlement.worker.run(),
    onAggregated: () => invalidation.popularChanged(),
  });
  const onError = (job: string, error: unknown): void => log.error({ err: error, job }, "a job failed");
  const scheduler = new Scheduler({ database, timezone: config.timezone, now, jobs, onError });
  scheduling.defer(() => scheduler.stop());

  const shop: ShopParts = {
    config,
    database,
    lists,
    now,
    till,
    cache: shared.cache,
    variantCache: new VariantCache(database),
    orderCache,
    soldOut,
    productDrops,
    dropLive,
    relay,
    scheduler,
    ...cards,
  };
  const { server, rehearsals } = await openHttp(stack, { shop, live, shared, registry, backlog, secret, log, stopGateway: cards.stop });
  if (config.demo) await fillWithDemo(shop);
  relay.start();
  backlogLog.start();
  await scheduler.start();
  const url = await server.listen({ port: config.port, host: config.host, backlog: TCP_BACKLOG }).catch((error: NodeJS.ErrnoException) => {
    throw addressError(error, config);
  });
  rehearsals.url = loopbackOf(url);
  cards.onListening(url);

  let closing: Promise<void> | undefined;
  return {
    ...shop,
    url,
    secret,
    broken: Promise.race([outdated, ...(opened.died ? [opened.died] : [])]),
    close: () => (closing ??= stack.disposeAsync()),
  };
}

/** Opens the watch over holds of drops. Returns the work of the job `expire-holds`. */
function openHolds(stack: AsyncDisposableStack, { log, ...parts }: HoldParts & { orderCache: OrderCache; log: Logger }): () => Promise<number> {
  const lapse = async (): Promise<number> => (await lapseHolds(parts)) + (await expireOrders({ ...parts, holding: true }));
  const holdWatch = new HoldWatch(lapse, (error) => log.warn({ err: error }, "lapsed holds could not be passed on; the shop tries again"));
  stack.defer(() => holdWatch.stop());
  holdWatch.start();
  return async () => {
    const lapsed = await lapse();
    await loseLines(parts);
    return lapsed;
  };
}

/** Opens the counts of work that waits, with their metrics and log lines. */
function openBacklog(stack: AsyncDisposableStack, { database, relay, registry, log }: BacklogParts) {
  const backlog = new BacklogReader(database, relay.sinkNames);
  backlogMetrics(registry, backlog, relay);
  const backlogLog = new BacklogLog({ reader: backlog, onChange: (topic, warning) => logBacklog(log, topic, warning) });
  stack.defer(() => backlogLog.stop());
  return { backlog, backlogLog };
}

type BacklogParts = { database: Database; relay: Relay; registry: Registry; log: Logger };

/**
 * TCP accept backlog. When it is full the kernel drops the SYN, and the client retries after 1, 3, 7 s. Node's default (511) is smaller than a
 * flash-sale burst. The kernel's own limit (net.core.somaxconn) applies too.
 */
const TCP_BACKLOG = 16_384;

/** The loopback address of a server that may listen on all addresses. */
function loopbackOf(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}
