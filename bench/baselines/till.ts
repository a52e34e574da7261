// The shop's own till, as app.ts puts it together: in this process, without HTTP and without the relay of events.

import { ignore } from "../support/ignore.ts";
import { VariantCache } from "../../src/catalog/variant-cache.ts";
import { Database } from "../../src/database/pool.ts";
import { placeOrder } from "../../src/order/place-order.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { Till, type TillOptions } from "../../src/till/till.ts";
import { crowd } from "../support/crowd.ts";
import { idOf } from "../support/ids.ts";
import type { Sample } from "../support/sample.ts";
import type { Basket } from "./baskets.ts";
import type { Baseline, Duration } from "./baseline.ts";

const WAIT_MS = 30_000;

export class TillBaseline implements Baseline {
  readonly url: string;
  readonly till: Till;
  readonly #basketOf: (n: number) => Basket;
  readonly #database: Database;
  readonly #store: PostgresStore;
  readonly #place: ReturnType<typeof placeOrder>;

  constructor(url: string, basketOf: (n: number) => Basket, options: Pick<TillOptions, "concurrency"> = {}) {
    this.url = url;
    this.#basketOf = basketOf;
    this.#database = new Database(url, { size: 2, onError: ignore });
    this.#store = new PostgresStore({ url, lockWaitMs: WAIT_MS, announce: () => "stock" });
    this.till = new Till({ store: this.#store, waitMs: WAIT_MS, onFault: (command, error) => console.error(command, error), ...options });
    this.#place = placeOrder(new VariantCache(this.#database), this.#database);
  }

  run(waiting: number, duration: Duration): Promise<Sample> {
    return crowd(waiting, duration, (n) => this.order(n));
  }

  /** The n-th order. */
  order(n: number): Promise<unknown> {
    const { user, products, coupon } = this.#basketOf(n);
    return this.till.submit(this.#place, {
      userId: idOf("user", user),
      lineItems: products.map((product) => ({ productId: idOf("product", product), quantity: 1 })),
      userCouponId: coupon === null ? null : idOf("coupon", coupon),
      method: "BALANCE",
      orderedAt: null,
      expectedAmount: null,
      expiresAfterMs: 1_800_000,
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#database.close();
  }
}

/** Two of them, as in two instances, on one database: every other buyer comes to the other one. */
export class TwoTills implements Baseline {
  readonly url: string;
  readonly #tills: [TillBaseline, TillBaseline];

  constructor(url: string, basketOf: (n: number) => Basket) {
    this.url = url;
    this.#tills = [new TillBaseline(url, basketOf), new TillBaseline(url, basketOf)];
  }

  run(waiting: number, duration: Duration): Promise<Sample> {
    return crowd(waiting, duration, (n) => this.#tills[n % 2 === 0 ? 0 : 1].order(n));
  }

  async close(): Promise<void> {
    await Promise.all(this.#tills.map((one) => one.close()));
  }
}
