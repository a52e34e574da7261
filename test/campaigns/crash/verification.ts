// What the shop has, against what its customers were told. What is asked for comes from the shop's own API; only which events there should
// be is read from its database, to be held against the file that they were delivered to.

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { types } from "../../../src/database/pool.ts";
import type { Envelope } from "../../../src/outbox/envelope.ts";
import { deliveredTo } from "../../support/verification.ts";
import { call, Client, good } from "../../support/shop.ts";
import { type Clients, GRANTED, type Told } from "./clients.ts";

/** `lost` was told to somebody and is not so; `duplicated` is there and nobody was told of it. Each is one line that says what. */
export type Verification = { acknowledged: number; orders: number; events: number; lost: string[]; duplicated: string[] };

const AT_ONCE = 32;
const GONE = new Set(["CANCELLED", "EXPIRED", "PENDING"]);

type Order = {
  orderId: string;
  userId: string;
  status: string;
  paidAmount: number;
  refundedAmount: number;
  payment: { method: string } | null;
  orderItems: { variantId: string; quantity: number; refundedQuantity: number }[];
};

export async function verify(url: string, customers: Clients): Promise<Omit<Verification, "events">> {
  const operator = new Client(url, "an-operator", "operator");
  const lost: string[] = [];
  const duplicated: string[] = [];

  // Asked once more, everything is answered as it was the first time, and nothing is done again.
  await each(customers.told, async (told) => {
    const { wish, status, text } = told;
    const again = await call(url, wish.method, wish.path, wish.body, { authorization: `Bearer ${wish.token}`, "idempotency-key": wish.key });
    if (again.status !== status || again.text !== text) lost.push(`${nameOf(told)} is ${again.status} ${again.text} now`);
    else if (again.headers["idempotent-replayed"] !== "true") duplicated.push(`${nameOf(told)} was done again`);
  });

  const orders: Order[] = [];
  await each(customers.userIds, async (userId) => {
    const theirs = await pages<Order>(operator, `/users/${userId}/orders`, "orders");
    orders.push(...theirs);
    const charges = (await pages<Record<string, string | number>>(operator, `/users/${userId}/balance/transactions`, "transactions")).filter(
      ({ type }) => type === "CHARGE",
    );
    const charged = answersTo(customers, "/balance/charge", 200).filter((answer) => answer["userId"] === userId);
    compare(`charges of ${userId}`, charged.map(transactionId), charges.filter(({ status }) => status === "COMPLETED").map(transactionId));
    const declined = answersTo(customers, `/users/${userId}/balance/charge`, 402);
    compare(`declined charges of ${userId}`, declined.map(transactionId), charges.filter(({ status }) => status === "FAILED").map(transactionId));

    const spent = theirs.reduce(
      (sum, { status, payment, paidAmount, refundedAmount }) =>
        sum + (GONE.has(status) || payment?.method !== "BALANCE" ? 0 : paidAmount - refundedAmount),
      0,
    );
    const came = charges.reduce((sum, { status, amount }) => sum + (status === "COMPLETED" ? Number(amount) : 0), 0);
    const { balance } = good(await operator.get(`/users/${userId}/balance`), 200);
    if (balance !== GRANTED + came - spent) lost.push(`${userId} has ${balance}, and should have ${GRANTED + came - spent}`);
    const coupons = await pages<{ id: string }>(operator, `/users/${userId}/coupons?status=ALL`, "userCoupons");
    const issued = customers.told.filter(({ caller, wish, status }) => status === 201 && caller === userId && wish.path.endsWith("/issue"));
    compare(
      `coupons of ${userId}`,
      issued.map(({ text }) => JSON.parse(text).userCouponId),
      coupons.map(({ id }) => id),
    );
  });

  compare(
    "orders",
    [...customers.orders.keys()],
    orders.map(({ orderId }) => orderId),
  );
  for (const { orderId, status, refundedAmount, userId } of orders) {
    const known = customers.orders.get(orderId);
    if (!known) continue;
    const same = status === known.status || (known.status === "PENDING" && status === "EXPIRED");
    if (!same || !isDeepStrictEqual([userId, refundedAmount], [known.userId, known.refundedAmount]))
      lost.push(`order ${orderId} is ${status}, ${refundedAmount} given back, and its customer knows ${JSON.stringify(known)}`);
  }

  for (const product of customers.products) {
    for (const { id, stock } of product.variants) {
      const items = orders.filter(({ status }) => !GONE.has(status)).flatMap(({ orderItems }) => orderItems.filter((item) => item.variantId === id));
      const taken = items.reduce((sum, { quantity, refundedQuantity }) => sum + quantity - refundedQuantity, 0);
      const expected = stock + (customers.adjusted.get(id) ?? 0) - taken;
      const now = good(await operator.get(`/products/${product.id}`), 200).stock;
      if (now !== expected) lost.push(`of variant ${id} there are ${now}, and should be ${expected}`);
    }
  }
  return { acknowledged: customers.told.length, orders: orders.length, lost, duplicated };

  function compare(what: string, told: string[], there: string[]): void {
    const [a, b] = [new Set(told), new Set(there)];
    for (const id of a) if (!b.has(id)) lost.push(`${what}: ${id} is not there`);
    for (const id of b) if (!a.has(id)) duplicated.push(`${what}: nobody was told of ${id}`);
    if (there.length > b.size || told.length > a.size) duplicated.push(`${what}: some are there twice`);
  }
}

const DELIVERED_WITHIN_MS = 60_000;

/** Every change of an order is in the file, in the order's order. The shop is open and goes on, so what it did last is given time to get there. */
export async function verifyEvents(databaseUrl: string, path: string): Promise<Pick<Verification, "events" | "lost">> {
  const client = new pg.Client({ connectionString: databaseUrl, types });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; seq: number }>("SELECT order_id AS id, seq FROM order_events");
    const deadline = Date.now() + DELIVERED_WITHIN_MS;
    let { missing, outOfOrder } = deliveredTo(await eventsIn(path), rows);
    for (; missing > 0 && Date.now() < deadline; await pause(200)) ({ missing, outOfOrder } = deliveredTo(await eventsIn(path), rows));
    const lost = [...(missing ? [`${missing} events were not delivered`] : []), ...(outOfOrder ? [`${outOfOrder} events came out of order`] : [])];
    return { events: rows.length, lost };
  } finally {
    await client.end();
  }
}

/** Whole lines: the last may be on its way. */
async function eventsIn(path: string): Promise<Pick<Envelope, "subject" | "sequence">[]> {
  const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => {
    const { subject, sequence } = JSON.parse(line) as Envelope;
    return { subject, sequence };
  });
}

function answersTo({ told }: Clients, path: string, status: number): Record<string, string>[] {
  return told.filter((one) => one.status === status && one.wish.path.endsWith(path)).map(({ text }) => JSON.parse(text) as Record<string, string>);
}

function transactionId(one: Record<string, unknown>): string {
  return String(one["transactionId"]);
}

function nameOf({ wish, status, text }: Told): string {
  return `${wish.method} ${wish.path} ${JSON.stringify(wish.body)}, answered ${status} ${text},`;
}

async function pages<T>(operator: Client, path: string, member: string): Promise<T[]> {
  const all: T[] = [];
  for (let cursor = ""; ;) {
    const page = good(await operator.get(`${path}${path.includes("?") ? "&" : "?"}limit=100${cursor}`), 200);
    all.push(...(page[member] as T[]));
    if (page.nextCursor === null) return all;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length) await work(all[next++] as T);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
