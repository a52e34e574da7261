// The shop's till, configured as in app.ts, in this process, without HTTP and without the relay.

import { ignore } from "../support/ignore.ts";
import { VariantCache } from "../../src/catalog/variant-cache.ts";
import { Database } from "../../src/database/pool.ts";
import { ProductDrops } from "../../src/drop/product-drops.ts";
import { NO_VIEWER } from "../../src/order/order-view.ts";
import { placeOrder } from "../../src/order/place-order.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { LocalTill, type TillOptions } from "../../src/till/till.ts";
import { closedLoop } from "../support/closed-loop.ts";
import { idOf } from "../support/ids.ts";
import type { Sample } from "../support/sample.ts";
import type { BenchOrder } from "./orders.ts";
import type { Baseline, Duration } from "./baseline.ts";

const WAIT_MS = 30_000;

export class TillBaseline implements Baseline {
  readonly url: string;
  readonly till: LocalTill;
  readonly #orderOf: (n: number) => BenchOrder;
  readonly #database: Database;
  readonly #store: PostgresStore;
  readonly #place: ReturnType<typeof placeOrder>;

  constructor(url: string, orderOf: (n: number) => BenchOrder, options: Pick<TillOptions, "concurrency"> = {}) {
    this.url = url;
    this.#orderOf = orderOf;
    this.#database = new Database(url, { size: 2, onError: ignore });
    this.#store = new PostgresStore({ url, lockWaitMs: WAIT_MS, announce: () => "stock" });
    this.till = new LocalTill({ store: this.#store, waitMs: WAIT_MS, onFault: (command, error) => console.error(command, error), ...options });
    this.#place = placeOrder(new VariantCache(this.#database), this.#database, new ProductDrops(this.#database));
  }

  run(waiting: number, duration: Duration): Promise<Sample> {
    return closedLoop(waiting, duration, (n) => this.order(n));
  }

  /** The n-th order. */
  order(n: number): Promise<unknown> {
    const { user, products, coupon } = this.#orderOf(n);
    return this.till.submit(this.#place, {
      userId: idOf("user", user),
      lineItems: products.map((product) => ({ productId: idOf("product", product), quantity: 1 })),
      userCouponId: coupon === null ? null : idOf("coupon", coupon),
      method: "BALANCE",
      orderedAt: null,
      expectedAmount: null,
      expiresAfterMs: 1_800_000,
      viewer: NO_VIEWER,
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#database.close();
  }
}

/** Two tills on one database, as in two instances. Orders alternate between them. */
export class TwoTills implements Baseline {
  readonly url: string;
  readonly #tills: [TillBaseline, TillBaseline];

  constructor(url: string, orderOf: (n: number) => BenchOrder) {
    this.url = url;
    this.#tills = [new TillBaseline(url, orderOf), new TillBaseline(url, orderOf)];
  }

  run(waiting: number, duration: Duration): Promise<Sample> {
    return closedLoop(waiting, duration, (n) => this.#tills[n % 2 === 0 ? 0 : 1].order(n));
  }

  async close(): Promise<void> {
    await Promise.all(this.#tills.map((one) => one.close()));
  }
}
