// Puts the shop together, and takes it apart again in the right order.

import cluster from "node:cluster";
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { auditRoutes } from "../audit/audit.routes.ts";
import { BacklogLog } from "../backlog/backlog-log.ts";
import { backlogMetrics } from "../backlog/backlog-metrics.ts";
import { backlogChecks, BacklogReader } from "../backlog/backlog.ts";
import { logBacklog, logReport } from "../backlog/log-lines.ts";
import { catalogRoutes, PRODUCT_LISTS } from "../catalog/catalog.routes.ts";
import { variants, products } from "../catalog/catalog.sql.ts";
import type { Variant } from "../catalog/catalog.ts";
import { adminProductRoutes } from "../catalog/admin-products.routes.ts";
import { VariantCache } from "../catalog/variant-cache.ts";
import { stockRoutes } from "../catalog/stock.routes.ts";
import { balanceAdminRoutes } from "../balance/balance.admin.routes.ts";
import { balanceRoutes } from "../balance/balance.routes.ts";
import { userAdminRoutes } from "../balance/users.admin.routes.ts";
import { cartRoutes } from "../cart/cart.routes.ts";
import { type Config, ConfigError } from "../config.ts";
import { couponRoutes } from "../coupon/coupon.routes.ts";
import { campaigns, sameTerms } from "../coupon/coupon.sql.ts";
import type { Campaign } from "../coupon/coupon.ts";
import { expireDueCoupons } from "../coupon/coupon-expiry.job.ts";
import { SoldOut } from "../coupon/sold-out.ts";
import { fillWithDemo } from "../demo/demo.ts";
import { demoRoutes } from "../demo/demo.routes.ts";
import { makeDataDir } from "../database/data-dir.ts";
import { startEmbedded, type EmbeddedServer } from "../database/embedded.ts";
import { DatabaseClock, type Now } from "../database/clock.ts";
import { Listener } from "../database/listener.ts";
import { migrate } from "../database/migrate.ts";
import { Database } from "../database/pool.ts";
import { Replica } from "../database/replica.ts";
import { shareMetrics } from "../http/cluster-metrics.ts";
import { authenticator } from "../http/tokens.ts";
import { openapiRoutes } from "../http/openapi/openapi.routes.ts";
import { pageRoutes } from "../http/web-pages.ts";
import { measureAnswers, shopMetrics } from "../http/metrics.ts";
import { operationsRoutes } from "../http/operations.routes.ts";
import { checkPort, placeError } from "../http/port.ts";
import { problemRoutes } from "../http/problems.routes.ts";
import { Routes } from "../http/route.ts";
import { shopSecret } from "../http/secret.ts";
import { createServer } from "../http/server.ts";
import { shopRoutes } from "../http/shop.routes.ts";
import { Live } from "../live/live.ts";
import { liveRoutes } from "../live/live.routes.ts";
import { Counters } from "../live/counters.ts";
import { shopJobs } from "./shop-jobs.ts";
import { jobsRoutes } from "../jobs/jobs.routes.ts";
import { Scheduler } from "../jobs/scheduler.ts";
import { gatewayMetrics } from "../settlement/gateway-metrics.ts";
import { openSettlement } from "../settlement/settlement.ts";
import { CARDS_TAKEN, openGateway } from "../gateway/open-gateway.ts";
import { expireOrders } from "../order/order-expiry.job.ts";
import { OrderCache } from "../order/order-cache.ts";
import { orderRoutes } from "../order/order.routes.ts";
import { orderEvents } from "../order/order.sql.ts";
import { openSinks } from "../outbox/sinks/open-sinks.ts";
import { outboxRoutes } from "../outbox/outbox.routes.ts";
import { Relay } from "../outbox/relay.ts";
import { POPULAR, popularRoutes } from "../popular/popular.routes.ts";
import { reconciliationRoutes } from "../settlement/settlement.routes.ts";
import { paymentAdminRoutes } from "../order/payment/payment.admin.routes.ts";
import { paymentRoutes } from "../order/payment/payment.routes.ts";
import { paymentWebhookRoutes } from "../order/payment/payment-webhook.routes.ts";
import { rehearsalRoutes } from "../rehearsal/rehearsal.routes.ts";
import { Rehearsals } from "../rehearsal/rehearsals.ts";
import { checkStored, joinInstances, SETTINGS_CHANGED } from "../settings/stored-settings.ts";
import type { Shop } from "../shop.ts";
import { openSharedState } from "./shared-state.ts";
import { CHANNEL, PostgresStore } from "../till/postgres-store.ts";
import type { Change, Changes } from "../till/table.ts";
import { Till } from "../till/till.ts";

export type OpenShop = Shop & {
  /** Where it listens. */
  url: string;
  /** What tokens are signed with, unless an issuer's keys are configured. */
  secret: string;
  /** Resolves with a reason when the shop can't go on: the embedded database died, or the stored settings are others by now. */
  broken: Promise<string>;
  /** Stops accepting, finishes what was accepted, lets everything go. */
  close(): Promise<void>;
};

/** `now` is in place of the database's clock. */
export type OpenParts = { now?: Now | undefined };

/**
 * Opens a shop: database, migrations, till, jobs, HTTP.
 * @param parts what only tests bring
 * Errors: ConfigError and the embedded database's own, each one sentence that says what to do.
 */
export async function openShop(config: Config, parts: OpenParts = {}): Promise<OpenShop> {
  const log = pino({ level: config.logLevel });
  // A worker's port is the process's above, which has looked.
  if (cluster.isPrimary) await checkPort(config);
  makeDataDir(config.dataDir);
  const embedded =
    config.databaseUrl === undefined ? await startEmbedded({ dataDir: config.dataDir, log: (line) => log.debug({ postgres: line }) }) : undefined;
  try {
    return await openOn(config, config.databaseUrl ?? (embedded as EmbeddedServer).url("jangnal"), embedded, log, parts);
  } catch (error) {
    log.level = "silent"; // Whatever breaks from here on breaks because its database is taken away.
    await embedded?.stop();
    throw error;
  }
}

async function openOn(config: Config, url: string, embedded: EmbeddedServer | undefined, log: pino.Logger, parts: OpenParts): Promise<OpenShop> {
  const secret = shopSecret(config);
  await migrate(url, (message) => log.warn({ migration: message }, "a migration changed rows")).catch((error: unknown) => {
    throw embedded ? error : naming("DATABASE_URL", error);
  });
  const onError = (error: Error): void => log.warn({ err: error.message }, "a database connection broke");
  /** Resolves with a reason when the stored settings are no longer this instance's. */
  const outdated = Promise.withResolvers<string>();
  const onLineError = (error: Error): void => (error instanceof ConfigError ? outdated.resolve(error.message) : onError(error));
  const database = new Database(url, { size: 8, onError });
  const clock = new DatabaseClock();
  await clock.start(database);
  const now = parts.now ?? clock.now;
  const lists = config.databaseReadUrl === undefined ? database : new Replica(config.databaseReadUrl, database, { size: 4, onError });
  const between = await openSharedState({
    redisUrl: config.redisUrl,
    database,
    lockWaitMs: config.lockWaitMs,
    onChange: (up, reason) => log.warn({ reason }, up ? "Redis is there" : "Redis is away; the shop goes on without"),
  });
  const { cache } = between;
  const soldOut = new SoldOut(database);
  const store = new PostgresStore({
    url,
    lockWaitMs: config.lockWaitMs,
    announce,
    firstCome: between.firstCome,
    onInstant: clock.heard,
    now: parts.now,
  });
  const till = new Till({
    store,
    waitMs: config.lockWaitMs,
    onCommit(changes) {
      heard(announce(changes) ?? "");
      if (changes.journals.has(orderEvents)) relay.wake();
      rememberSoldOut(soldOut, changes, log);
      live.committed(changes);
    },
    onFault: (command, error) => log.error({ err: error, command }, "a command broke"),
  });
  const live = new Live({ database, tally: new Counters(till), now, id: randomUUID().slice(0, 8), tell: (message) => tell(database, message) });
  const listener = new Listener({
    url,
    channel: CHANNEL,
    onMessage: (message) => live.onMessage(message) || heard(message),
    onConnect: (client) => joinInstances(client, config),
    onGap: () => heard(EVERYTHING),
    onError: onLineError,
  });
  // Before anything is read or written by these settings.
  await listener.start().catch(async (error: unknown) => {
    await Promise.all([clock.stop(), between.close(), ...(lists === database ? [] : [lists.close()])]);
    await database.close();
    throw error;
  });

  function heard(message: string): void {
    const words = message.split(" ");
    const change = words.find((word) => word.startsWith(CHANGE));
    for (const word of words) {
      if (word === STOCK || word === EVERYTHING) cache.drop(PRODUCT_LISTS, change);
      if (word === POPULAR_WORD || word === EVERYTHING) cache.drop(POPULAR, change);
      if (word === SETTINGS_CHANGED) checkStored(database, config).catch(onLineError);
      if (word === EVERYTHING) soldOut.forget();
      if (word.startsWith(CAMPAIGN)) soldOut.forget(word.slice(CAMPAIGN.length));
    }
  }

  const orderFacts = new OrderCache(database);
  const sinks = await openSinks({ platforms: config.dataPlatforms, dataDir: config.dataDir, webhookSecret: config.webhookSecret });
  const relay = new Relay({
    database,
    sinks,
    onError: (error) => log.warn({ err: error }, "events could not be relayed; they wait"),
    onReport: (report) => logReport(log, report),
  });
  const registry = shopMetrics(till);
  const backlog = new BacklogReader(database, relay.sinkNames);
  backlogMetrics(registry, backlog, relay);
  const backlogLog = new BacklogLog({ reader: backlog, tell: (about, complaint) => logBacklog(log, about, complaint) });
  const { gateway, simulator, ...opened } = await openGateway(config.gateway, {
    dataDir: config.dataDir,
    measure: (policy) => gatewayMetrics(registry, policy),
  });
  log.info({ cards: config.gateway.kind }, `cards are ${CARDS_TAKEN[config.gateway.kind]}`);
  const settlement = openSettlement({
    database,
    till,
    gateway,
    orderCache: orderFacts,
    settings: config.gateway,
    balanceMax: config.balanceMax,
    now,
    onError: (error) => log.warn({ err: error }, "settlement of card payments failed; its next run tries again"),
  });
  const scheduler = new Scheduler({
    database,
    timezone: config.timezone,
    now,
    jobs: shopJobs({
      database,
      timezone: config.timezone,
      now,
      relay,
      expireOrders: () => expireOrders({ database, till, orderFacts, now }),
      expireCoupons: () => expireDueCoupons({ database, till, now }),
      settlePayments: () => settlement.worker.run(),
      onAggregated() {
        const message = `${POPULAR_WORD} ${CHANGE}${randomUUID()}`;
        heard(message);
        return tell(database, message);
      },
    }),
    onError: (job, error) => log.error({ err: error, job }, "a job failed"),
  });

  const shop: Shop = {
    config,
    database,
    now,
    lists,
    till,
    cache,
    catalogFacts: new VariantCache(database),
    orderFacts,
    soldOut,
    relay,
    scheduler,
    gateway,
    settlement,
  };
  const server = createServer({
    config,
    authenticator: authenticator(config.auth, secret),
    rates: between.rates,
    onFault: (error) => log.error({ err: error }, "a request broke"),
  });
  measureAnswers(server, registry, live);
  server.addHook("preClose", (done) => {
    live.stop();
    done();
  });
  const routes = new Routes(server, till, config.locale);
  balanceRoutes(routes, { config, database, gateway, charges: settlement.charges });
  userAdminRoutes(routes, { database, lists });
  balanceAdminRoutes(routes, { config });
  for (const declare of [catalogRoutes, stockRoutes, adminProductRoutes, couponRoutes, cartRoutes, orderRoutes]) declare(routes, shop);
  paymentRoutes(routes, { config, database, orderCache: orderFacts, gateway, payments: settlement.payments });
  paymentAdminRoutes(routes, { database });
  paymentWebhookRoutes(routes, { worker: settlement.worker });
  reconciliationRoutes(routes, { config, database, now, gateway });
  for (const declare of [popularRoutes, outboxRoutes, jobsRoutes, auditRoutes, shopRoutes]) declare(routes, shop);
  liveRoutes(routes, live);
  const rehearsals = new Rehearsals({ shop, live, secret, onError: (error) => log.error({ err: error }, "a rehearsal broke") });
  rehearsalRoutes(routes, rehearsals);
  demoRoutes(routes, shop, secret);
  between.measure(registry);
  shareMetrics(registry);
  const state = () => ({ cards: config.gateway.kind, ...between.state() });
  operationsRoutes(routes, { database, registry, state, backlog: () => backlogChecks(backlog) });
  problemRoutes(routes);
  await openapiRoutes(server, routes.operations);
  pageRoutes(server);

  if (config.demo) await fillWithDemo(shop);
  relay.start();
  backlogLog.start();
  await scheduler.start();
  const address = await server.listen({ port: config.port, host: config.host, backlog: BACKLOG }).catch((error: NodeJS.ErrnoException) => {
    throw placeError(error, config);
  });
  rehearsals.url = onThisMachine(address);
  if (simulator) simulator.webhooks.url = `${address}/payments/webhooks/toss`;

  let closing: Promise<void> | undefined;
  return {
    ...shop,
    url: address,
    secret,
    broken: Promise.race([outdated.promise, ...(embedded ? [embedded.died] : [])]),
    close: () =>
      (closing ??= (async () => {
        // Whoever waits for a gateway that does not answer is told so in time: what is under way is found out at the next start.
        const hurry = setTimeout(() => gateway.stop(), GATEWAY_PATIENCE_MS);
        await rehearsals.close();
        await server.close();
        clearTimeout(hurry);
        await settlement.worker.stop();
        await opened.close();
        await scheduler.stop();
        backlogLog.stop();
        await relay.stop();
        await listener.stop();
        await store.close();
        await between.close();
        if (lists !== database) await lists.close();
        await clock.stop();
        await database.close();
        log.level = "silent"; // Connections that are still ending break when their database goes.
        await embedded?.stop();
      })()),
  };
}

const GATEWAY_PATIENCE_MS = 4000;
/**
 * Connections that the kernel keeps until they are looked at. Whoever finds no place there is not refused but forgotten, and comes again
 * after one second, three, seven: a crowd is larger than Node's 511. The kernel takes what it allows (net.core.somaxconn).
 */
const BACKLOG = 16_384;

const STOCK = "stock";
const POPULAR_WORD = "popular";
const CAMPAIGN = "campaign:";
const EVERYTHING = "everything";

/** What a change is called, so that instances can agree on having heard of it. */
const CHANGE = "@";

/** What went wrong, under the name of the setting that it is about. */
function naming(setting: string, error: unknown): ConfigError {
  const { message, code } = error as NodeJS.ErrnoException;
  return new ConfigError(`${setting} cannot be used: ${message || code}`);
}

/** An address that listens to everybody is reached from here by the loopback. */
function onThisMachine(address: string): string {
  return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

/** Every instance hears it. */
async function tell(database: Database, message: string): Promise<void> {
  await database.rows({ name: "tell", text: "SELECT pg_notify($1, $2)", values: [CHANNEL, message] });
}

const changeNames = new WeakMap<Changes, string>();

/** What other instances should let go of: lists that show stock or products, and campaigns that an operator has changed. */
function announce(changes: Changes): string | undefined {
  const { tables: shelves } = changes;
  const words: string[] = [];
  if (shelves.has(variants) || shelves.has(products)) words.push(STOCK);
  if (showsOtherwise(changes)) words.push(POPULAR_WORD);
  for (const { key, before, after } of (shelves.get(campaigns) ?? []) as Change<Campaign>[]) {
    if (before && !sameTerms(before, after)) words.push(CAMPAIGN + key);
  }
  if (words.length === 0) return undefined;
  const name = changeNames.get(changes) ?? randomUUID();
  changeNames.set(changes, name);
  return [...words, CHANGE + name].join(" ");
}

/** Whether a product looks another way than before even where its stock is not shown: edited, sold out, or there again. */
function showsOtherwise({ tables: shelves }: Changes): boolean {
  const edited = (shelves.get(products) ?? []).some(({ before }) => before !== undefined);
  return (
    edited || ((shelves.get(variants) ?? []) as Change<Variant>[]).some(({ before, after }) => before && (before.stock === 0) !== (after.stock === 0))
  );
}

function rememberSoldOut(soldOut: SoldOut, { tables: shelves }: Changes, log: pino.Logger): void {
  for (const { after } of (shelves.get(campaigns) ?? []) as Change<Campaign>[]) {
    if (after.issuedQuantity >= after.totalQuantity)
      soldOut.learn(after.id).catch((error: Error) => log.warn({ err: error.message }, "who holds a sold-out coupon could not be read"));
  }
}
