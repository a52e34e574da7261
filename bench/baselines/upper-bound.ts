// The upper bound: writes the till's rows with the till's statements and driver, in batches as large as the till's rounds.
// It neither locks, reads nor decides: the orders are known in advance, and balances are computed here.

import pg from "pg";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import type { Transaction, Wallet } from "../../src/balance/balance.ts";
import { BEGIN, COMMIT, pipeline } from "../../src/database/pipeline.ts";
import { connectionSettings } from "../../src/database/pool.ts";
import type { Statement } from "../../src/database/statement.ts";
import { newId, newOrderId } from "../../src/ids.ts";
import { orders } from "../../src/order/order.sql.ts";
import { NO_DETAILS, type Order, type OrderItem } from "../../src/order/order.ts";
import { BY_KEY } from "../../src/till/connections.ts";
import type { Change } from "../../src/till/table.ts";
import { FIXTURES } from "../support/fixtures.ts";
import { idOf } from "../support/ids.ts";
import { Latencies, type Sample } from "../support/sample.ts";
import type { Baseline, Duration } from "./baseline.ts";

/** Batches in flight per connection: while PostgreSQL writes one, the driver serializes the next. */
const PIPELINED = 2;

export class UpperBoundBaseline implements Baseline {
  readonly url: string;
  readonly #connections: number;
  readonly #clients: pg.Client[] = [];
  readonly #wallets: Wallet[] = Array.from({ length: FIXTURES.users }, (_, n) => ({ id: idOf("user", n), balance: FIXTURES.balance, version: 1 }));
  #orders = 0;

  constructor(url: string, connections: number) {
    this.url = url;
    this.#connections = connections;
  }

  /** @param waiting orders per batch */
  async run(waiting: number, { ms, warmUpMs }: Duration): Promise<Sample> {
    while (this.#clients.length < this.#connections) this.#clients.push(await connected(this.url));
    let latencies = new Latencies();
    let stopped = false;
    const writer = async (client: pg.Client, connection: number): Promise<void> => {
      while (!stopped) {
        const sentAt = performance.now();
        await pipeline(client, this.#batch(waiting, connection));
        for (let i = 0; i < waiting; i++) latencies.add(performance.now() - sentAt);
      }
    };
    const writers = this.#clients.flatMap((client, connection) => Array.from({ length: PIPELINED }, () => writer(client, connection)));
    await pause(warmUpMs);
    latencies = new Latencies();
    const startedAt = performance.now();
    await pause(ms);
    const sample = latencies.sample(performance.now() - startedAt);
    stopped = true;
    await Promise.all(writers);
    return sample;
  }

  /** Each connection has its own users, so that only the variant's row is contended; it is updated last. */
  #batch(size: number, connection: number): Statement[] {
    const now = Date.now();
    const wallets: Change<Wallet>[] = [];
    const entries: Transaction[] = [];
    const placed: Change<Order>[] = [];
    const item: OrderItem = {
      variantId: idOf("variant", 0),
      productId: idOf("product", 0),
      sku: null,
      name: "product 0",
      options: {},
      unitPrice: FIXTURES.price,
      quantity: 1,
      refundedQuantity: 0,
    };
    for (let i = 0; i < size; i++) {
      const n = (this.#orders++ * this.#connections + connection) % FIXTURES.users;
      const before = this.#wallets[n] as Wallet;
      const after = { ...before, balance: before.balance - FIXTURES.price, version: before.version + 1 };
      this.#wallets[n] = after;
      wallets.push({ key: after.id, before, after });
      const id = newOrderId(now);
      entries.push({
        id: newId(now),
        userId: after.id,
        version: after.version,
        type: "PAYMENT",
        amount: -FIXTURES.price,
        balanceAfter: after.balance,
        orderId: id,
        reason: null,
        customerReason: null,
        createdAt: now,
      });
      placed.push({ key: id, before: undefined, after: orderOf(id, after.id, item, now) });
    }
    return [BEGIN, ...users.save(wallets), ledger.append(entries), ...orders.save(placed), sell(size), COMMIT];
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}

async function connected(url: string): Promise<pg.Client> {
  const settings = connectionSettings(url);
  const client = new pg.Client({ ...settings, options: `${settings.options} ${BY_KEY}`, pipeline: true });
  await client.connect();
  return client;
}

const sell = (units: number): Statement => ({
  name: "sell",
  text: "UPDATE variants SET stock = stock - $2 WHERE id = $1",
  values: [idOf("variant", 0), units],
});

function orderOf(id: string, userId: string, item: OrderItem, now: number): Order {
  return {
    id,
    userId,
    status: "COMPLETED",
    items: [item],
    changes: 1,
    userCouponId: null,
    totalAmount: FIXTURES.price,
    discountAmount: 0,
    refundedAmount: 0,
    createdAt: now,
    expiresAt: null,
    completedAt: now,
    paidAt: now,
    paymentId: null,
    ...NO_DETAILS,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
