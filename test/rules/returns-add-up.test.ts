// Thousands of random orders, shipped, returned and refunded in random parts by the real commands:
// money and units add up after each command. Turns red without the running total of sharesOf,
// `kept` in shareOf, `restockedUnits`, or `returned` in fulfilmentAfterRefund.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import type { Variant } from "../../src/catalog/catalog.ts";
import type { Database } from "../../src/database/pool.ts";
import { rejectReturn } from "../../src/fulfilment/end-return.ts";
import { receiveReturn } from "../../src/fulfilment/receive-return.ts";
import { requestReturn } from "../../src/fulfilment/request-return.ts";
import type { ReturnRow } from "../../src/fulfilment/return.ts";
import { returns } from "../../src/fulfilment/return.sql.ts";
import { shipOrder } from "../../src/fulfilment/ship-order.ts";
import { NO_VIEWER } from "../../src/order/order-view.ts";
import { NO_DETAILS, type Order, type OrderItem } from "../../src/order/order.ts";
import { orders } from "../../src/order/order.sql.ts";
import type { OrderCache } from "../../src/order/order-cache.ts";
import { refundOrder } from "../../src/order/refund/refund-order.ts";
import { Refusal } from "../../src/refusal.ts";
import type { Command } from "../../src/till/command.ts";
import { decide } from "../../src/till/decide.ts";
import type { Loaded, Table } from "../../src/till/table.ts";
import { NOW, ORDER, PRODUCT, unread, USER } from "../support/decided.ts";

const noDatabase = { rows: unread } as unknown as Database;
const noCache = { find: unread } as unknown as OrderCache;
const [refund, receive, reject] = [refundOrder(noCache), receiveReturn(noDatabase, noCache), rejectReturn(noDatabase)];
const variantId = (i: number): string => `0193b000-0000-7000-8000-00000000000${i}`;

type Line = { price: number; quantity: number };
type Part = { line: number; quantity: number };
type Step =
  | { do: "ship"; parts: Part[] | null }
  | { do: "request"; parts: Part[] | null }
  | { do: "receive"; which: number; restock: boolean }
  | { do: "reject"; which: number }
  | { do: "refund"; parts: Part[] | null; restock: boolean };

const parts = fc.option(
  fc.uniqueArray(fc.record({ line: fc.nat(3), quantity: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ line }) => line,
  }),
  { freq: 15 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("ship" as const), parts }),
  fc.record({ do: fc.constant("request" as const), parts }),
  fc.record({ do: fc.constant("receive" as const), which: fc.nat(5), restock: fc.boolean() }),
  fc.record({ do: fc.constant("reject" as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant("refund" as const), parts, restock: fc.boolean() }),
);
const bought = fc.array(fc.record({ price: fc.oneof(fc.nat(20), fc.nat(1_000_000)), quantity: fc.integer({ min: 1, max: 7 }) }), {
  minLength: 1,
  maxLength: 4,
});

/** One paid order, its buyer and its variants, and the commands about them. */
class Sale {
  readonly #tables = new Map<Table<unknown>, Map<string, unknown>>();
  /** The sum of all refunds in the ledger, in won. */
  refunded = 0;
  done = 0;

  constructor(lines: Line[], discount: number) {
    const items = lines.map(({ price, quantity }, i): OrderItem => ({
      variantId: variantId(i),
      productId: PRODUCT,
      sku: null,
      name: "사과",
      options: {},
      unitPrice: price,
      quantity,
      refundedQuantity: 0,
    }));
    const totalAmount = lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
    const order: Order = {
      ...NO_DETAILS,
      id: ORDER,
      userId: USER,
      status: "COMPLETED",
      items,
      changes: 1,
      userCouponId: null,
      totalAmount,
      discountAmount: Math.min(discount, totalAmount),
      refundedAmount: 0,
      createdAt: NOW,
      expiresAt: null,
      completedAt: NOW,
      paidAt: NOW,
      paymentId: null,
    };
    this.#put(orders, ORDER, order);
    this.#put(users, USER, { id: USER, balance: 0, version: 1 });
    for (const { variantId: id, unitPrice: price } of items) {
      const fields = { productId: PRODUCT, position: 0, sku: null, name: null, options: {}, stock: 0, version: 0 };
      const variant: Variant = { id, price, status: "ON_SALE", ...fields };
      this.#put(variants, id, variant);
    }
  }

  get order(): Order {
    return this.#rows(orders).get(ORDER) as Order;
  }

  get openReturns(): ReturnRow[] {
    return ((this.#rows(returns).get(ORDER) ?? []) as ReturnRow[]).filter(({ status }) => status === "REQUESTED");
  }

  stock(i: number): number {
    return (this.#rows(variants).get(variantId(i)) as Variant).stock;
  }

  get balance(): number {
    return (this.#rows(users).get(USER) as { balance: number }).balance;
  }

  take(one: Step): void {
    const immutable = { id: ORDER, userId: USER, userCouponId: null, lineItems: this.order.items, sales: [], productDrops: [] };
    const given = "parts" in one && one.parts ? one.parts.filter(({ line }) => line < this.order.items.length) : null;
    const items = given?.map(({ line, quantity }) => ({ variantId: variantId(line), quantity })) ?? null;
    const returnId = "which" in one ? this.openReturns[one.which % Math.max(1, this.openReturns.length)]?.id : undefined;
    if (one.do === "ship") this.#run(shipOrder, { orderId: ORDER, items, carrier: "c", trackingNumber: "t", trackingUrl: null, viewer: NO_VIEWER });
    if (one.do === "request") this.#run(requestReturn, { orderId: ORDER, callerId: null, items, reason: "r", returnWithinMs: 7 * 86_400_000 });
    if (one.do === "refund") {
      const terms = { items, reason: "r", customerReason: null, restock: one.restock, viewer: NO_VIEWER, askAfterMs: 0 };
      this.#run(refund, { orderId: ORDER, ...terms, immutable });
    }
    if (one.do === "receive" && returnId) this.#run(receive, { returnId, restock: one.restock, askAfterMs: 0, orderId: ORDER, immutable });
    if (one.do === "reject" && returnId) this.#run(reject, { returnId, reason: "r", customerReason: null, orderId: ORDER });
  }

  #run<Input>(command: Command<Input, unknown>, input: Input): void {
    const needs = command.needs(input);
    const loaded: Loaded = new Map();
    for (const { table, key } of needs) {
      const row = this.#rows(table).get(key);
      if (!loaded.has(table)) loaded.set(table, new Map());
      if (row !== undefined) loaded.get(table)?.set(key, row);
    }
    const prepared = { command, input, needs } as Parameters<typeof decide>[0][number];
    const { outcomes, changes } = decide([prepared], loaded, NOW);
    const [outcome] = outcomes;
    if (outcome?.kind === "error" && !(outcome.error instanceof Refusal)) throw outcome.error;
    for (const [table, rows] of changes?.tables ?? []) for (const { key, after } of rows) this.#put(table, key, after);
    for (const row of (changes?.journals.get(ledger) ?? []) as { amount: number }[]) this.refunded += row.amount;
    if (outcome?.kind === "answer") this.done++;
  }

  #rows(table: Table<unknown>): Map<string, unknown> {
    const rows = this.#tables.get(table) ?? new Map<string, unknown>();
    this.#tables.set(table, rows);
    return rows;
  }

  #put<Row>(table: Table<Row>, key: string, row: Row): void {
    this.#rows(table).set(key, row);
  }
}

function check(sale: Sale, paid: number): void {
  const { items, fulfilment, refundedAmount, status } = sale.order;
  assert.deepEqual([sale.balance, sale.refunded], [refundedAmount, refundedAmount], "ledger, balance and order agree");
  assert.ok(refundedAmount <= paid);
  const all = items.every(({ quantity, refundedQuantity }) => quantity === refundedQuantity);
  assert.equal(status === "REFUNDED", all);
  if (all) assert.equal(refundedAmount, paid, "all parts add up to the payment");
  items.forEach(({ variantId: id, quantity, refundedQuantity, unitPrice }, i) => {
    const shipped = (fulfilment?.shipments ?? [])
      .flatMap((parcel) => parcel.items)
      .reduce((sum, item) => sum + (item.variantId === id ? item.quantity : 0), 0);
    const [back, lost] = [fulfilment?.returned?.[id] ?? 0, fulfilment?.writtenOff?.[id] ?? 0];
    assert.equal(sale.stock(i) + lost, refundedQuantity, `each refunded unit of ${unitPrice} is sold again or written off`);
    assert.ok(shipped + refundedQuantity - back <= quantity, "shipped and refunded before shipment are at most the bought units");
    assert.ok(back <= shipped && refundedQuantity <= quantity);
  });
}

test("refunds and returns of random parts add up to the payment, and each unit is counted once", () => {
  let done = 0;
  let whole = 0;
  fc.assert(
    fc.property(bought, fc.nat(3_000_000), fc.array(step, { minLength: 5, maxLength: 25 }), (lines, discount, steps) => {
      const sale = new Sale(lines, discount);
      const paid = sale.order.totalAmount - sale.order.discountAmount;
      for (const one of steps) {
        sale.take(one);
        check(sale, paid);
      }
      // The rest: open returns come back, unless their units were refunded before, and the rest is refunded.
      for (let open = sale.openReturns.length; open > 0; open--) {
        sale.take({ do: "receive", which: open, restock: true });
        check(sale, paid);
      }
      sale.take({ do: "refund", parts: null, restock: true });
      check(sale, paid);
      assert.equal(sale.refunded, paid);
      done += sale.done;
      if (sale.order.status === "REFUNDED") whole++;
    }),
    { numRuns: 3000, seed: 20_261_129 },
  );
  assert.ok(done > 9000 && whole === 3000, `${done} commands succeeded, ${whole} orders were refunded in full`);
});
