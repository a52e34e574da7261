// Declares all routes of the shop.

import type { FastifyInstance } from "fastify";
import { auditRoutes } from "../audit/audit.routes.ts";
import { balanceAdminRoutes } from "../balance/balance.admin.routes.ts";
import { balanceRoutes } from "../balance/balance.routes.ts";
import { meRoutes } from "../balance/me.routes.ts";
import { userAdminRoutes } from "../balance/users.admin.routes.ts";
import type { Cache } from "../cache/cache.ts";
import { cartRoutes } from "../cart/cart.routes.ts";
import { catalogAdminRoutes } from "../catalog/catalog.admin.routes.ts";
import { catalogRoutes } from "../catalog/catalog.routes.ts";
import { syncAdminRoutes } from "../catalog/sync.admin.routes.ts";
import { variantAdminRoutes } from "../catalog/variant.admin.routes.ts";
import { stockAdminRoutes } from "../catalog/stock.admin.routes.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import type { Config } from "../config.ts";
import { eraseRoutes } from "../privacy/erase.routes.ts";
import { couponAdminRoutes } from "../coupon/coupon.admin.routes.ts";
import { couponRoutes } from "../coupon/coupon.routes.ts";
import type { SoldOut } from "../coupon/sold-out.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { sharedPages } from "./shared-pages.ts";
import { demoRoutes } from "../demo/demo.routes.ts";
import { fulfilmentRoutes } from "../fulfilment/fulfilment.routes.ts";
import { returnRoutes } from "../fulfilment/return.routes.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { dropAdminRoutes } from "../drop/drop.admin.routes.ts";
import { drawRoutes } from "../drop/draw/draw.routes.ts";
import { entryRoutes } from "../drop/entry.routes.ts";
import { stockLine } from "../drop/stock-line.ts";
import type { ProductDrops } from "../drop/product-drops.ts";
import type { RefusalCounts } from "../drop/refusal-counts.ts";
import { dropReportRoutes } from "../drop/report.routes.ts";
import { dropRoutes } from "../drop/drop.routes.ts";
import type { DropLive } from "../drop/live/drop-live.ts";
import { dropLiveRoutes } from "../drop/live/live.routes.ts";
import { openapiRoutes } from "../http/openapi/openapi.routes.ts";
import { operationsRoutes, type OperationsRoutesOptions } from "../http/operations.routes.ts";
import { problemRoutes } from "../http/problems.routes.ts";
import { Routes } from "../http/route.ts";
import { shopRoutes } from "../http/shop.routes.ts";
import { pageRoutes } from "../http/web-pages.ts";
import { journalRoutes } from "../journal/journal.routes.ts";
import { jobsRoutes } from "../jobs/jobs.routes.ts";
import type { Scheduler } from "../jobs/scheduler.ts";
import { liveRoutes } from "../live/live.routes.ts";
import type { Live } from "../live/live.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { orderAdminRoutes } from "../order/order.admin.routes.ts";
import { cancelOrderRoutes } from "../order/cancel-order.routes.ts";
import { orderRoutes } from "../order/order.routes.ts";
import { paymentAdminRoutes } from "../order/payment/payment.admin.routes.ts";
import { paymentRoutes } from "../order/payment/payment.routes.ts";
import { paymentWebhookRoutes } from "../order/payment/payment-webhook.routes.ts";
import { outboxRoutes } from "../outbox/outbox.routes.ts";
import type { Relay } from "../outbox/relay.ts";
import { popularRoutes } from "../popular/popular.routes.ts";
import { salesAdminRoutes } from "../popular/sales.admin.routes.ts";
import { rehearsalRoutes } from "../rehearsal/rehearsal.routes.ts";
import type { Rehearsals } from "../rehearsal/rehearsals.ts";
import { attentionRoutes } from "../settlement/attention.routes.ts";
import { reconciliationRoutes } from "../settlement/settlement.routes.ts";
import type { Settlement } from "../settlement/settlement.ts";
import type { Till } from "../till/till.ts";

/** The parts of a shop that routes use. */
export type ShopParts = {
  config: Config;
  database: Database;
  /** The database's time. No route uses this process's own clock. */
  now: Now;
  /** For operators' lists, which may be slightly outdated: a replica, if there is one. */
  lists: Database;
  till: Till;
  cache: Cache;
  variantCache: VariantCache;
  orderCache: OrderCache;
  soldOut: SoldOut;
  productDrops: ProductDrops;
  dropLive: DropLive;
  refusalCounts: RefusalCounts;
  relay: Relay;
  scheduler: Scheduler;
  gateway: Gateway;
  /** The same gateway for work that no buyer waits for. */
  background: Gateway;
  settlement: Settlement;
};

export type DeclareRoutesOptions = {
  shop: ShopParts;
  live: Live;
  rehearsals: Rehearsals;
  operations: OperationsRoutesOptions;
  /** Signs the shop's own tokens. */
  secret: string;
};

const SHOPPER_ROUTES = [
  meRoutes,
  balanceRoutes,
  catalogRoutes,
  couponRoutes,
  dropRoutes,
  entryRoutes,
  drawRoutes,
  dropLiveRoutes,
  cartRoutes,
  orderRoutes,
  cancelOrderRoutes,
  paymentRoutes,
  paymentWebhookRoutes,
  popularRoutes,
  shopRoutes,
];

const ADMIN_ROUTES = [
  userAdminRoutes,
  eraseRoutes,
  balanceAdminRoutes,
  catalogAdminRoutes,
  variantAdminRoutes,
  syncAdminRoutes,
  stockAdminRoutes,
  couponAdminRoutes,
  dropAdminRoutes,
  dropReportRoutes,
  orderAdminRoutes,
  fulfilmentRoutes,
  returnRoutes,
  paymentAdminRoutes,
  reconciliationRoutes,
  attentionRoutes,
  salesAdminRoutes,
  outboxRoutes,
  jobsRoutes,
  auditRoutes,
  journalRoutes,
];

export async function declareRoutes(server: FastifyInstance, { shop, live, rehearsals, operations, secret }: DeclareRoutesOptions): Promise<void> {
  const routes = new Routes(server, shop.till, shop.config.locale, shop.config.trustProxy);
  const { payments, refunds, charges, worker, cancels } = shop.settlement;
  const parts = { ...shop, stockLine: stockLine(shop.database), payments, refunds, charges, worker, cancels };
  for (const declare of SHOPPER_ROUTES) declare(routes, parts);
  for (const declare of ADMIN_ROUTES) declare(routes, parts);
  liveRoutes(routes, live);
  rehearsalRoutes(routes, rehearsals);
  demoRoutes(routes, { ...shop, secret });
  operationsRoutes(routes, operations);
  problemRoutes(routes);
  await openapiRoutes(server, routes.operations);
  const { business, gateway, imageOrigins, locale } = shop.config;
  pageRoutes(server, { window: gateway.window, shopName: business.name ?? "장날", locale, findShared: sharedPages(shop), imageOrigins });
}
