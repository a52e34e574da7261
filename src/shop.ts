// What the routes of every noun are given: the parts of one running shop.

import type { Cache } from "./cache/cache.ts";
import type { VariantCache } from "./catalog/variant-cache.ts";
import type { Config } from "./config.ts";
import type { SoldOut } from "./coupon/sold-out.ts";
import type { Now } from "./database/clock.ts";
import type { Database } from "./database/pool.ts";
import type { Settlement } from "./settlement/settlement.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Scheduler } from "./jobs/scheduler.ts";
import type { OrderCache } from "./order/order-cache.ts";
import type { Relay } from "./outbox/relay.ts";
import type { Till } from "./till/till.ts";

export type Shop = {
  config: Config;
  database: Database;
  /** The shop's time: the database's. No route looks at this process's own. */
  now: Now;
  /** For operators' lists, which may be a little old: a replica, where there is one. */
  lists: Database;
  till: Till;
  cache: Cache;
  catalogFacts: VariantCache;
  orderFacts: OrderCache;
  soldOut: SoldOut;
  relay: Relay;
  scheduler: Scheduler;
  gateway: Gateway;
  settlement: Settlement;
};
