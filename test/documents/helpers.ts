// Helpers of the tests of the five documents.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { POPULAR } from "../../src/popular/popular.routes.ts";
import { CHANNEL } from "../../src/till/postgres-store.ts";
import { type Answer, type Client, good, type Json, refused, type TestShop } from "../support/shop.ts";

/** A well-formed id that does not exist. */
export const MISSING_ID = "01a1f8a8-0000-7000-8000-000000000000";

/** Asserts a refusal with this status, code and detail. Returns the problem document. */
export function refusedWith(answer: Answer, status: number, code: string, detail: string): Record<string, unknown> {
  const problem = refused(answer, status, code);
  assert.equal(problem["detail"], detail);
  return problem;
}

/** Line items of an order: one unit of each product, or `[product, quantity]`. */
export function itemsOf(...products: ({ id: string } | [{ id: string }, number])[]): { productId: string; quantity: number }[] {
  return products.map((one) => (Array.isArray(one) ? { productId: one[0].id, quantity: one[1] } : { productId: one.id, quantity: 1 }));
}

/** Places an order with DEFERRED payment and returns its id. */
export async function deferred(
  user: Client,
  orderItems: { productId: string; quantity: number }[],
  fields: Record<string, unknown> = {},
): Promise<string> {
  return good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" }, ...fields }), 201).orderId;
}

/** Runs a job as an operator and returns its result. */
export async function runJob(shop: TestShop, name: string): Promise<Json> {
  const { lastResult } = good(await shop.operator.post(`/admin/jobs/${name}/run`), 200);
  assert.equal(lastResult.error, undefined);
  return lastResult;
}

/** Resolves when every job has had its first run, which the shop starts when it opens, so that none interferes with a test. */
export async function firstRunsDone(shop: TestShop): Promise<void> {
  await until(async () =>
    good(await shop.operator.get("/admin/jobs"), 200).jobs.every((job: { lastRunAt: string | null }) => job.lastRunAt !== null),
  );
}

/**
 * Resolves when this instance has received all invalidations sent so far. Instances receive their own invalidations too, shortly after
 * the response. They arrive in order, so once the second of two has arrived, so have all before the first.
 */
export async function invalidationsReceived({ shop: { cache } }: TestShop, database: Pick<pg.Client, "query">): Promise<void> {
  let loads = 0;
  const probe = () => cache.read({ key: "a test's probe", group: POPULAR, ttlMs: () => Number.POSITIVE_INFINITY, load: async () => ++loads });
  for (let word = 1; word <= 2; word++) {
    const before = await probe();
    await database.query("SELECT pg_notify($1, 'popular')", [CHANNEL]);
    await until(async () => (await probe()) !== before);
  }
}

/** Aggregates sales until these units of a product are counted, and returns its row. Other databases of the server may delay it. */
export async function counted(
  shop: TestShop,
  { id }: { id: string },
  units: number,
  query = "",
): Promise<{ productId: string; name: string; units: number; revenue: number }> {
  let row: { productId: string; name: string; units: number; revenue: number } | undefined;
  await until(async () => {
    await runJob(shop, "aggregate-sales");
    const { sales } = good(await shop.operator.get(`/admin/sales?limit=10000${query}`), 200);
    row = sales.find(({ productId }: { productId: string }) => productId === id);
    return (row?.units ?? 0) >= units;
  });
  return row as NonNullable<typeof row>;
}

/** Relays until this many events of an order have been delivered, and returns them. */
export async function sentEvents(shop: TestShop, orderId: string, count = 1): Promise<Json[]> {
  let found: unknown[] = [];
  await until(async () => {
    await runJob(shop, "relay-events");
    const file = join(shop.shop.config.dataDir, "events.ndjson");
    if (!existsSync(file)) return false;
    found = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { subject: string })
      .filter(({ subject }) => subject === orderId);
    return found.length >= count;
  });
  return found;
}

/** Repeats the check until it holds; fails after ten seconds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, "the condition did not become true in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
