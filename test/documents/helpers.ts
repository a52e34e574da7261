// What the tests of the five documents share.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { POPULAR } from "../../src/popular/popular.routes.ts";
import { CHANNEL } from "../../src/till/postgres-store.ts";
import { type Answer, type Client, good, refused, type TestShop } from "../support/shop.ts";

/** A well-formed id that nobody and nothing has. */
export const NOBODY = "01a1f8a8-0000-7000-8000-000000000000";

/** Refused with this code, in these words. */
export function says(answer: Answer, status: number, code: string, detail: string): Record<string, unknown> {
  const problem = refused(answer, status, code);
  assert.equal(problem["detail"], detail);
  return problem;
}

/** An order's lines: one piece of each product, unless `[product, quantity]` says more. */
export function lines(...wanted: ({ id: string } | [{ id: string }, number])[]): { productId: string; quantity: number }[] {
  return wanted.map((one) => (Array.isArray(one) ? { productId: one[0].id, quantity: one[1] } : { productId: one.id, quantity: 1 }));
}

/** An order that waits for its payment, by its id. */
export async function deferred(
  user: Client,
  orderItems: { productId: string; quantity: number }[],
  fields: Record<string, unknown> = {},
): Promise<string> {
  return good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" }, ...fields }), 201).orderId;
}

/** Runs a job as an operator does; what it did. */
// oxlint-disable-next-line typescript/no-explicit-any -- what a test reads from an answer, it asserts
export async function runJob(shop: TestShop, name: string): Promise<any> {
  const { lastResult } = good(await shop.operator.post(`/admin/jobs/${name}/run`), 200);
  assert.equal(lastResult.error, undefined);
  return lastResult;
}

/** A shop that opens catches up with its clock. Resolves when every job has had that first run, so that none runs into a test. */
export async function caughtUp(shop: TestShop): Promise<void> {
  await until(async () =>
    good(await shop.operator.get("/admin/jobs"), 200).jobs.every((job: { lastRunAt: string | null }) => job.lastRunAt !== null),
  );
}

/**
 * Instances tell each other what their caches must let go of, and hear their own words too, a moment after the answer. Resolves
 * when this shop has heard everything said so far: words come in order, so once the second of two has come, all before the first have.
 */
export async function heardEverything({ shop: { cache } }: TestShop, database: Pick<pg.Client, "query">): Promise<void> {
  let loads = 0;
  const probe = () => cache.read({ key: "a test's probe", group: POPULAR, ttlMs: () => Number.POSITIVE_INFINITY, load: async () => ++loads });
  for (let word = 1; word <= 2; word++) {
    const before = await probe();
    await database.query("SELECT pg_notify($1, 'popular')", [CHANNEL]);
    await until(async () => (await probe()) !== before);
  }
}

/** Adds sales up until these units of a product are counted (what other databases of the same server are at may delay it), and answers the product's row. */
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

/** The events of an order that have reached the data platform, as soon as there are this many. */
// oxlint-disable-next-line typescript/no-explicit-any -- what a test reads from an event, it asserts
export async function sentEvents(shop: TestShop, orderId: string, count = 1): Promise<any[]> {
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

/** Asks until it is so, and fails if it never comes true. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, "what was waited for did not come");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
