// Opens the parts of the shop in order, and closes them in reverse order.

import cluster from "node:cluster";
import type { FastifyInstance } from "fastify";
import { type DestinationStream, type Logger, pino } from "pino";
import type { Registry } from "prom-client";
import { BacklogLog } from "../backlog/backlog-log.ts";
import { backlogMetrics } from "../backlog/backlog-metrics.ts";
import { BacklogReader } from "../backlog/backlog.ts";
import { logBacklog } from "../backlog/log-lines.ts";
import type { Config } from "../config.ts";
import { expireCoupons } from "../coupon/coupon-expiry.job.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type HoldParts, lapseHolds, lapsingHolds, loseLines } from "../drop/expire-holds.job.ts";
import { fillWithDemo } from "../demo/demo.ts";
import { shareMetrics } from "../http/cluster-metrics.ts";
import type { KnownDrops } from "../drop/product-drops.ts";
import { RefusalCounts } from "../drop/refusal-counts.ts";
import { shopMetrics } from "../http/metrics.ts";
import { addressError, checkPort } from "../http/port.ts";
import { shopSecret } from "../http/secret.ts";
import { Scheduler } from "../jobs/scheduler.ts";
import { Watch } from "../jobs/watch.ts";
import { expireOrders, expiringHolds } from "../order/order-expiry.job.ts";
import type { Relay } from "../outbox/relay.ts";
import type { Invalidation } from "./invalidation.ts";
import { logWriter } from "./log-writer.ts";
import { openDatabase } from "./open-database.ts";
import { type Draws, openDraws } from "./open-draws.ts";
import { openHttp, type OpenHttpOptions } from "./open-http.ts";
import { openPayments } from "./open-payments.ts";
import { type OpenTill, openTill, type TillLink } from "./open-till.ts";
import type { ShopParts } from "./routes.ts";
import { openTelemetry } from "./open-telemetry.ts";
import { openSharedState, type SharedState } from "./shared-state.ts";
import { shopJobs } from "./shop-jobs.ts";

/** A running shop. */
export type OpenShop = ShopParts & {
  /** The address that it listens on; empty for the till of workers. */
  url: string;
  /** Signs the shop's own tokens. */
  secret: string;
  /** Resolves with the reason if the shop cannot go on: the embedded database died, or other settings were stored. */
  broken: Promise<string>;
  /** Stops accepting requests, finishes the accepted ones, and releases everything. */
  close(): Promise<void>;
};

/**
 * `now` replaces the database's clock, and `logTo` stdout, for tests. With `link` the process is the till of several workers, or one of the workers.
 */
export type OpenOptions = { now?: Now | undefined; link?: TillLink | undefined; logTo?: DestinationStream };

/**
 * Opens a shop: database, migrations, till, jobs, HTTP. The till of workers listens for them only; jobs and settlement run beside the till, the
 * relay in one of the workers.
 * Errors: ConfigError and the embedded database's, each one sentence that says what to do.
 */
export async function openShop(config: Config, options: OpenOptions = {}): Promise<OpenShop> {
  const { logTo = logWriter() } = options;
  const log = pino({ level: config.logLevel }, logTo);
  // For a worker of `serve --workers` the primary process has checked the port.
  if (cluster.isPrimary) await checkPort(config);
  const stack = new AsyncDisposableStack();
  try {
    return await openParts(config, log, stack, options);
  } catch (error) {
    log.level = "silent"; // Errors from here on only follow from closing.
    await stack.disposeAsync().catch(() => {});
    throw error;
  }
}

async function openParts(config: Config, log: Logger, stack: AsyncDisposableStack, { now: fixedNow, link }: OpenOptions): Promise<OpenShop> {
  const telemetry = await openTelemetry(stack, config, log);
  const opened = await openDatabase(config, stack, log);
  // After the database, whose lock keeps a second process out of DATA_DIR.
  const secret = shopSecret(config);
  const { database, lists, clock } = opened;
  const now = fixedNow ?? clock.now;
  const onChange = (up: boolean, reason?: string): void => log.warn({ reason }, up ? "Redis is up" : "Redis is down; the shop continues without it");
  const shared = await openSharedState({ redisUrl: config.redisUrl, database, lockWaitMs: config.lockWaitMs, onChange });
  stack.defer(() => shared.close());
  const tillParts = await openTill(stack, { config, log, opened, shared, now, fixedNow, link, telemetry });
  const { till, variantCache, orderCache, soldOut, productDrops, dropLive, invalidation, live, relay, outdated } = tillParts;
  const registry = openRegistry(tillParts, shared, link?.role !== "till");
  const { backlog, backlogLog } = openBacklog(stack, { config, database, relay, registry, log });

  // Jobs end after settlement and the gateway, which one of them uses.
  const scheduling = stack.use(new AsyncDisposableStack());
  const draws = openDraws(scheduling, { database, till, now, log, runJob: () => scheduler.run("run-draws") });
  const holds = openHolds(scheduling, { database, till, productDrops, orderCache, now, log });
  const cards = await openPayments(stack, { config, database, till, orderCache, now, log, registry, telemetry });
  const scheduler = openScheduler(scheduling, { config, database, till, orderCache, now, relay, invalidation, holds, draws, cards, log });

  const shop = {
    config,
    database,
    lists,
    now,
    till,
    cache: shared.cache,
    variantCache,
    orderCache,
    soldOut,
    productDrops,
    dropLive,
    refusalCounts: openRefusalCounts(stack, database, productDrops),
    relay,
    scheduler,
    ...cards,
  };
  const startWork = async (): Promise<void> => {
    if (config.demo) await fillWithDemo(shop);
    if (!link) relay.start();
    backlogLog.start();
    holds.start();
    draws.start();
    await scheduler.start();
  };
  let url = "";
  if (link?.role === "till") {
    await startWork();
    await tillParts.server?.listen(link.path);
  } else {
    const { isReachable, accounts } = tillParts;
    const parts = { shop, accounts, live, shared, registry, backlog, secret, log, isReachable, telemetry };
    url = await openServer(stack, parts, cards, link ? undefined : startWork);
    if (link?.relays) relay.start();
  }
  await telemetry?.sendMetrics(stack, registry);

  let closing: Promise<void> | undefined;
  return {
    ...shop,
    url,
    secret,
    broken: Promise.race([outdated, ...(opened.died ? [opened.died] : [])]),
    close: () => (closing ??= stack.disposeAsync()),
  };
}

/** Opens the metrics of the process. */
function openRegistry({ till, isReachable }: Pick<OpenTill, "till" | "isReachable">, shared: SharedState, servesHttp: boolean): Registry {
  const registry = shopMetrics(till, isReachable, servesHttp);
  shared.measure(registry);
  shareMetrics(registry);
  return registry;
}

type ServerParts = Omit<OpenHttpOptions, "stopGateway">;
type Cards = { stop: () => void; onListening: (url: string) => void };

/** Opens the HTTP server, starts the work beside it, and then accepts requests. Returns the server's address. */
async function openServer(stack: AsyncDisposableStack, parts: ServerParts, cards: Cards, startWork?: () => Promise<void>): Promise<string> {
  const http = await openHttp(stack, { ...parts, stopGateway: cards.stop });
  await startWork?.();
  const url = await listen(http.server, parts.shop.config);
  http.rehearsals.url = loopbackOf(url);
  cards.onListening(url);
  return url;
}

/** Starts to accept requests, and returns the server's address. Errors: ConfigError if the address cannot be used. */
async function listen(server: FastifyInstance, config: Config): Promise<string> {
  return server.listen({ port: config.port, host: config.host, backlog: TCP_BACKLOG }).catch((error: NodeJS.ErrnoException) => {
    throw addressError(error, config);
  });
}

type SchedulerParts = Pick<ShopParts, "config" | "database" | "till" | "orderCache" | "now" | "relay"> & {
  invalidation: Invalidation;
  holds: { run: () => Promise<number> };
  draws: Draws;
  cards: Pick<ShopParts, "settlement">;
  log: Logger;
};

/** Opens the scheduler with all jobs, not started yet. */
function openScheduler(stack: AsyncDisposableStack, { config, invalidation, holds, draws, cards, log, ...parts }: SchedulerParts): Scheduler {
  const { timezone, journalKeep } = config;
  const jobs = shopJobs({
    ...parts,
    timezone,
    journalKeep,
    expireOrders: () => expireOrders(parts),
    expireCoupons: () => expireCoupons(parts),
    expireHolds: holds.run,
    drawAll: draws.run,
    settlePayments: () => cards.settlement.worker.run(),
    onAggregated: () => invalidation.popularChanged(),
  });
  const onError = (job: string, error: unknown): void => log.error({ err: error, job }, "a job failed");
  const scheduler = new Scheduler({ database: parts.database, timezone, now: parts.now, jobs, onError });
  stack.defer(() => scheduler.stop());
  return scheduler;
}

/** Opens the watch over holds of drops. `run` is the work of the job `expire-holds`. */
function openHolds(
  stack: AsyncDisposableStack,
  { log, ...parts }: HoldParts & { orderCache: ShopParts["orderCache"]; log: Logger },
): { start: () => void; run: () => Promise<number> } {
  const works = [lapsingHolds(parts), expiringHolds(parts)];
  const look = async (): Promise<number> => Math.min(...(await Promise.all(works.map((work) => work.look()))));
  const watch = new Watch(look, (error) => log.warn({ err: error }, "lapsed holds could not be passed on; the shop tries again"));
  stack.defer(async () => {
    await watch.stop();
    await Promise.all(works.map((work) => work.settled()));
  });
  const run = async (): Promise<number> => {
    const lapsed = (await lapseHolds(parts)) + (await expireOrders({ ...parts, holding: true }));
    await loseLines(parts);
    return lapsed;
  };
  return { start: () => watch.start(), run };
}

/** Opens the counts of work that waits, with their metrics and log lines. */
function openBacklog(stack: AsyncDisposableStack, { config, database, relay, registry, log }: BacklogParts) {
  const backlog = new BacklogReader(database, relay.sinkNames, config.gateway.giveUpAfterMs);
  backlogMetrics(registry, backlog, relay);
  const backlogLog = new BacklogLog({ reader: backlog, onChange: (topic, warning) => logBacklog(log, topic, warning) });
  stack.defer(() => backlogLog.stop());
  return { backlog, backlogLog };
}

type BacklogParts = { config: Config; database: Database; relay: Relay; registry: Registry; log: Logger };

/**
 * TCP accept backlog. When it is full the kernel drops the SYN, and the client retries after 1, 3, 7 s. Node's default (511) is smaller than a
 * flash-sale burst. The kernel's own limit (net.core.somaxconn) applies too.
 */
const TCP_BACKLOG = 16_384;

/** The loopback address of a server that may listen on all addresses. */
function loopbackOf(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

function openRefusalCounts(stack: AsyncDisposableStack, database: Database, productDrops: KnownDrops): RefusalCounts {
  const counts = new RefusalCounts(database, productDrops);
  stack.defer(() => counts.flush().catch(() => {}));
  return counts;
}
