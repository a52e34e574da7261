// The limit: the rows that the till writes, by the same statements and the same driver, in batches as large as the till's rounds.
// Nobody locks, looks or decides: what is bought is known beforehand, and what everybody has left is counted here.

import pg from "pg";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import type { Transaction, Wallet } from "../../src/balance/balance.ts";
import { BEGIN, COMMIT, pipeline } from "../../src/database/pipeline.ts";
import { connectionSettings } from "../../src/database/pool.ts";
import type { Statement } from "../../src/database/statement.ts";
import { newId, newOrderId } from "../../src/ids.ts";
import { orderEvents, orderItems, orders } from "../../src/order/order.sql.ts";
import type { Order, OrderEvent, OrderItem } from "../../src/order/order.ts";
import type { PaymentRow } from "../../src/order/payment/payment.ts";
import { payments } from "../../src/order/payment/payment.sql.ts";
import { BY_KEY } from "../../src/till/postgres-store.ts";
import type { Change } from "../../src/till/table.ts";
import { FIXTURES } from "../support/fixtures.ts";
import { idOf } from "../support/ids.ts";
import { Latencies, type Sample } from "../support/sample.ts";
import type { Baseline, Duration } from "./baseline.ts";

/** Batches on their way per connection: while one is written the next is put into words. */
const AHEAD = 2;

export class UpperBoundBaseline implements Baseline {
  readonly url: string;
  readonly #connections: number;
  readonly #clients: pg.Client[] = [];
  readonly #wallets: Wallet[] = Array.from({ length: FIXTURES.users }, (_, n) => ({ id: idOf("user", n), balance: FIXTURES.balance, version: 1 }));
  #sold = 0;

  constructor(url: string, connections: number) {
    this.url = url;
    this.#connections = connections;
  }

  /** @param waiting orders per batch */
  async run(waiting: number, { ms, warmUpMs }: Duration): Promise<Sample> {
    while (this.#clients.length < this.#connections) this.#clients.push(await connected(this.url));
    let latencies = new Latencies();
    let stopped = false;
    const lane = async (client: pg.Client, mine: number): Promise<void> => {
      while (!stopped) {
        const beganAt = performance.now();
        await pipeline(client, this.#batch(waiting, mine));
        for (let i = 0; i < waiting; i++) latencies.add(performance.now() - beganAt);
      }
    };
    const lanes = this.#clients.flatMap((client, mine) => Array.from({ length: AHEAD }, () => lane(client, mine)));
    await pause(warmUpMs);
    latencies = new Latencies();
    const beganAt = performance.now();
    await pause(ms);
    const sample = latencies.sample(performance.now() - beganAt);
    stopped = true;
    await Promise.all(lanes);
    return sample;
  }

  /** Each connection has users of its own; the one row that all share comes last. */
  #batch(size: number, mine: number): Statement[] {
    const now = Date.now();
    const wallets: Change<Wallet>[] = [];
    const entries: Transaction[] = [];
    const placed: Change<Order>[] = [];
    const items: Change<OrderItem[]>[] = [];
    const paid: Change<PaymentRow>[] = [];
    const events: OrderEvent[] = [];
    const item: OrderItem = {
      variantId: idOf("variant", 0),
      productId: idOf("product", 0),
      line: 0,
      name: "product 0",
      unitPrice: FIXTURES.price,
      quantity: 1,
      refundedQuantity: 0,
    };
    for (let i = 0; i < size; i++) {
      const n = (this.#sold++ * this.#connections + mine) % FIXTURES.users;
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
      placed.push({ key: id, before: undefined, after: orderOf(id, after.id, now) });
      items.push({ key: id, before: undefined, after: [item] });
      paid.push({ key: id, before: undefined, after: paymentOf(id, now) });
      events.push({ orderId: id, seq: 1, type: "order.completed", data: null, at: now });
    }
    const writes = [
      ...users.save(wallets),
      ledger.append(entries),
      ...orders.save(placed),
      ...orderItems.save(items),
      ...payments.save(paid),
      orderEvents.append(events),
    ];
    return [BEGIN, ...writes, sell(size), COMMIT];
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

const sell = (pieces: number): Statement => ({
  name: "sell",
  text: "UPDATE variants SET stock = stock - $2 WHERE id = $1",
  values: [idOf("variant", 0), pieces],
});

function orderOf(id: string, userId: string, now: number): Order {
  return {
    id,
    userId,
    status: "COMPLETED",
    changes: 1,
    userCouponId: null,
    totalAmount: FIXTURES.price,
    discountAmount: 0,
    refundedAmount: 0,
    createdAt: now,
    expiresAt: null,
    completedAt: now,
  };
}

function paymentOf(orderId: string, now: number): PaymentRow {
  return {
    id: newId(now),
    orderId,
    method: "BALANCE",
    status: "COMPLETED",
    amount: FIXTURES.price,
    steps: null,
    createdAt: now,
    paidAt: now,
    card: null,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
