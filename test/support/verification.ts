// Compares the shop's data with the responses that clients got.

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { types } from "../../src/database/pool.ts";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { type Acknowledged, type Clients, GRANTED } from "./clients.ts";
import type { Load } from "./load.ts";
import { call, Client, good, withoutRequestId } from "./shop.ts";

/** Each finding is a sentence. Without faults, all four lists are empty. */
export type Verification = {
  /** Responses that clients got. */
  acknowledged: number;
  orders: number;
  events: number;
  /** Acknowledged and missing. */
  lost: string[];
  /** Present without an acknowledgement, or more than once. */
  duplicated: string[];
  undelivered: string[];
  outOfOrder: string[];
};

export const NO_FAULTS = { lost: [], duplicated: [], undelivered: [], outOfOrder: [] };

export function faultsOf({ lost, duplicated, undelivered, outOfOrder }: Verification): Pick<Verification, keyof typeof NO_FAULTS> {
  return { lost, duplicated, undelivered, outOfOrder };
}

/** An order in a response. */
export type Order = {
  orderId: string;
  userId: string;
  status: string;
  paidAmount: number;
  refundedAmount: number;
  payment: { method: string } | null;
  orderItems: { variantId: string; quantity: number; refundedQuantity: number }[];
};
type Event = { id: string; seq: number };
type Delivered = Pick<Envelope, "subject" | "sequence">;

const CONCURRENCY = 32;
const UNPAID = new Set(["CANCELLED", "EXPIRED", "PENDING"]);
const DELIVERED_WITHIN_MS = 60_000;

/** Verifies the orders of a load in the database, and their events in each of the sinks. */
export async function verifyLoad(databaseUrl: string, load: Load, sinks: Record<string, readonly Delivered[]> = {}): Promise<Verification> {
  const found = new Findings();
  const acknowledged = [...load.acknowledged.values()].map(({ orderId }) => orderId);
  const orders = await select<{ id: string }>(databaseUrl, "SELECT id FROM orders WHERE user_id = ANY($1::uuid[])", [load.userIds]);
  found.compare(
    "orders",
    [...new Set(acknowledged)],
    orders.map(({ id }) => id),
  );
  found.duplicated.push(...load.contradictions.map((key) => `key ${key} was acknowledged with different orders`));
  const events = await select<Event>(databaseUrl, "SELECT order_id AS id, seq FROM order_history WHERE order_id = ANY($1::uuid[])", [
    orders.map(({ id }) => id),
  ]);
  for (const [sink, delivered] of Object.entries(sinks)) found.compareDelivered(sink, delivered, events);
  return found.report({ acknowledged: new Set(acknowledged).size, orders: orders.length, events: events.length });
}

/**
 * Verifies everything that clients did, over the API of a running shop.
 * @param eventFile with the database's URL, verifies also that the file has every event, in the order of each order's changes
 */
export async function verifyClients(url: string, clients: Clients, eventFile?: { databaseUrl: string; path: string }): Promise<Verification> {
  const operator = new Client(url, "an-operator", "operator");
  const found = new Findings();
  await verifyReplays(url, clients, found);
  const orders: Order[] = [];
  await forEach(clients.userIds, async (userId) => {
    const own = await pages<Order>(operator, `/users/${userId}/orders`, "orders");
    orders.push(...own);
    await verifyBalance(operator, clients, userId, own, found);
    await verifyCoupons(operator, clients, userId, found);
  });
  verifyOrders(clients, orders, found);
  await verifyStock(operator, clients, orders, found);
  const events = eventFile === undefined ? 0 : await verifyEvents(eventFile.databaseUrl, eventFile.path, found);
  return found.report({ acknowledged: clients.acknowledged.length, orders: orders.length, events });
}

class Findings {
  readonly lost: string[] = [];
  readonly duplicated: string[] = [];
  readonly undelivered: string[] = [];
  readonly outOfOrder: string[] = [];

  compare(what: string, acknowledged: string[], present: string[]): void {
    const [expected, actual] = [new Set(acknowledged), new Set(present)];
    for (const id of expected) if (!actual.has(id)) this.lost.push(`${what}: ${id} is missing`);
    for (const id of actual) if (!expected.has(id)) this.duplicated.push(`${what}: ${id} was not acknowledged`);
    if (present.length > actual.size || acknowledged.length > expected.size) this.duplicated.push(`${what}: duplicates`);
  }

  /** An event is out of order if its first delivery comes after a later event of its order. */
  compareDelivered(sink: string, delivered: readonly Delivered[], events: readonly Event[]): void {
    const seen = new Map<string, Set<number>>();
    for (const { subject, sequence } of delivered) {
      const seqs = seen.get(subject) ?? new Set<number>();
      const seq = Number(sequence);
      if (!seqs.has(seq) && [...seqs].some((other) => other > seq)) this.outOfOrder.push(`${sink}: event ${seq} of order ${subject} is late`);
      seen.set(subject, seqs.add(seq));
    }
    for (const { id, seq } of events) if (!seen.get(id)?.has(seq)) this.undelivered.push(`${sink}: event ${seq} of order ${id} is missing`);
  }

  report(counts: Pick<Verification, "acknowledged" | "orders" | "events">): Verification {
    const { lost, duplicated, undelivered, outOfOrder } = this;
    return { ...counts, lost, duplicated, undelivered, outOfOrder };
  }
}

/** A repeated request must get the stored response; a refusal has the id of the repeat. */
async function verifyReplays(url: string, clients: Clients, found: Findings): Promise<void> {
  await forEach(clients.acknowledged, async (acknowledged) => {
    const { request, status, text } = acknowledged;
    const headers = { authorization: `Bearer ${request.token}`, "idempotency-key": request.key };
    const again = await call(url, request.method, request.path, request.body, headers);
    const isSame = again.status === status && withoutRequestId(again.text) === withoutRequestId(text);
    if (!isSame) found.lost.push(`${nameOf(acknowledged)} is now ${again.status} ${again.text}`);
    else if (again.headers["idempotent-replayed"] !== "true") found.duplicated.push(`${nameOf(acknowledged)} was executed again`);
  });
}

async function verifyBalance(operator: Client, clients: Clients, userId: string, orders: Order[], found: Findings): Promise<void> {
  const transactions = await pages<Record<string, string | number>>(operator, `/users/${userId}/balance/transactions`, "transactions");
  const charges = transactions.filter(({ type }) => type === "CHARGE");
  const charged = responsesTo(clients, "/balance/charge", 200).filter((response) => response["userId"] === userId);
  found.compare(`charges of ${userId}`, charged.map(transactionId), charges.filter(({ status }) => status === "COMPLETED").map(transactionId));
  const declined = responsesTo(clients, `/users/${userId}/balance/charge`, 402);
  found.compare(`declined charges of ${userId}`, declined.map(transactionId), charges.filter(({ status }) => status === "FAILED").map(transactionId));

  const spent = orders.reduce(
    (sum, { status, payment, paidAmount, refundedAmount }) =>
      sum + (UNPAID.has(status) || payment?.method !== "BALANCE" ? 0 : paidAmount - refundedAmount),
    0,
  );
  const received = charges.reduce((sum, { status, amount }) => sum + (status === "COMPLETED" ? Number(amount) : 0), 0);
  const { balance } = good(await operator.get(`/users/${userId}/balance`), 200);
  const expected = GRANTED + received - spent;
  if (balance !== expected) found.lost.push(`the balance of ${userId} is ${balance}, expected ${expected}`);
}

async function verifyCoupons(operator: Client, clients: Clients, userId: string, found: Findings): Promise<void> {
  const coupons = await pages<{ id: string }>(operator, `/users/${userId}/coupons?status=ALL`, "userCoupons");
  const issued = clients.acknowledged.filter(({ caller, request, status }) => status === 201 && caller === userId && request.path.endsWith("/issue"));
  found.compare(
    `coupons of ${userId}`,
    issued.map(({ text }) => JSON.parse(text).userCouponId),
    coupons.map(({ id }) => id),
  );
}

function verifyOrders(clients: Clients, orders: Order[], found: Findings): void {
  found.compare(
    "orders",
    [...clients.orders.keys()],
    orders.map(({ orderId }) => orderId),
  );
  for (const { orderId, status, refundedAmount, userId } of orders) {
    const known = clients.orders.get(orderId);
    if (!known) continue;
    const sameStatus = status === known.status || (known.status === "PENDING" && status === "EXPIRED");
    if (!sameStatus || !isDeepStrictEqual([userId, refundedAmount], [known.userId, known.refundedAmount]))
      found.lost.push(`order ${orderId} is ${status} with ${refundedAmount} refunded, its client knows ${JSON.stringify(known)}`);
  }
}

async function verifyStock(operator: Client, clients: Clients, orders: Order[], found: Findings): Promise<void> {
  const paid = orders.filter(({ status }) => !UNPAID.has(status)).flatMap(({ orderItems }) => orderItems);
  for (const product of clients.products) {
    for (const { id, stock: initial } of product.variants) {
      const items = paid.filter(({ variantId }) => variantId === id);
      const sold = items.reduce((sum, { quantity, refundedQuantity }) => sum + quantity - refundedQuantity, 0);
      const expected = initial + (clients.adjusted.get(id) ?? 0) - sold;
      const { stock } = good(await operator.get(`/products/${product.id}`), 200);
      if (stock !== expected) found.lost.push(`the stock of variant ${id} is ${stock}, expected ${expected}`);
    }
  }
}

/** Waits for the deliveries, since the shop is still running. Returns the number of events. */
async function verifyEvents(databaseUrl: string, path: string, found: Findings): Promise<number> {
  const events = await select<Event>(databaseUrl, "SELECT order_id AS id, seq FROM order_history");
  for (const deadline = Date.now() + DELIVERED_WITHIN_MS; ; await pause(200)) {
    const attempt = new Findings();
    attempt.compareDelivered("event file", await readEvents(path), events);
    if (attempt.undelivered.length > 0 && Date.now() < deadline) continue;
    found.undelivered.push(...attempt.undelivered);
    found.outOfOrder.push(...attempt.outOfOrder);
    return events.length;
  }
}

/** Without the last line, which may be incomplete. */
async function readEvents(path: string): Promise<Delivered[]> {
  const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return lines.flatMap((line) => {
    const { source, subject, sequence } = JSON.parse(line) as Envelope;
    return source === "/jangnal/orders" ? [{ subject, sequence }] : [];
  });
}

function responsesTo({ acknowledged }: Clients, path: string, status: number): Record<string, string>[] {
  return acknowledged
    .filter((one) => one.status === status && one.request.path.endsWith(path))
    .map(({ text }) => JSON.parse(text) as Record<string, string>);
}

function transactionId(transaction: Record<string, unknown>): string {
  return String(transaction["transactionId"]);
}

function nameOf({ request, status, text }: Acknowledged): string {
  return `${request.method} ${request.path} ${JSON.stringify(request.body)} (${status} ${text})`;
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

async function select<Row extends pg.QueryResultRow>(databaseUrl: string, statement: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl, types });
  await client.connect();
  try {
    return (await client.query<Row>(statement, values)).rows;
  } finally {
    await client.end();
  }
}

async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
