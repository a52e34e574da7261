// Rehearsals of drops: a crowd enters, waits, gives up and tries with several accounts, and nothing of it counts afterwards.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let knowing: TestShop;
before(async () => {
  shop = await openTestShop();
  knowing = await openTestShop({ beside: shop, env: { AUTH_PERSON_CLAIM: "ci" } });
});
after(async () => {
  await knowing.close();
  await shop.close();
});

const UNKNOWN_ID = "01a1f8a8-188e-7001-826f-f4254ba20003";
const HOUR_MS = 3_600_000;
async function drop(fields: Record<string, unknown>, stock = 10): Promise<Json> {
  const { id: productId } = await shop.product({ stock, price: 1000 });
  const opensAt = new Date(Date.now() + HOUR_MS).toISOString();
  return good(await shop.operator.post("/admin/drops", { name: "달항아리", productId, opensAt, limitPerCustomer: 1, ...fields }), 201);
}

/** Rehearses a drop to its end. */
async function rehearse(at: TestShop, dropId: string, fields: Record<string, unknown>): Promise<Json> {
  const { id } = good(await at.operator.post("/admin/rehearsals", { dropId, buyers: 40, arriveWithinMs: 300, ...fields }), 201);
  for (const deadline = Date.now() + 120_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const rehearsal = good(await at.operator.get(`/admin/rehearsals/${id}`), 200);
    if (rehearsal.finishedAt === null && Date.now() < deadline) continue;
    assert.equal(rehearsal.state, "DONE", JSON.stringify(rehearsal));
    return rehearsal;
  }
}

/** The original is as it was, and no list, stream or event has the copy. */
async function assertUntouched({ id, productId }: Json, { copies }: Json, stock = 10): Promise<void> {
  const { drops } = good(await shop.anyone("GET", "/drops?limit=100"), 200);
  assert.ok(drops.every((one: Json) => one.id !== copies.dropId));
  const original = good(await shop.anyone("GET", `/drops/${id}`), 200);
  assert.deepEqual([original.status, original.remaining, original.entries], ["UPCOMING", stock, 0]);
  const { sold, refused: counts, perSecond } = good(await shop.operator.get(`/admin/drops/${id}/report`), 200);
  assert.deepEqual([sold, counts, perSecond], [0, {}, []]);
  assert.equal(await shop.stockOf({ id: productId }), stock);
  for (const path of ["", "/live", "/draw", "/draw/file"]) refused(await shop.anyone("GET", `/drops/${copies.dropId}${path}`), 404, "DROP_NOT_FOUND");
  const user = await shop.user();
  refused(await user.post(`/drops/${copies.dropId}/entries`), 404, "DROP_NOT_FOUND");
  refused(await user.get(`/drops/${copies.dropId}/entries/mine`), 404, "ENTRY_NOT_FOUND");
  assert.equal(good(await shop.operator.get(`/drops/${copies.dropId}`), 200).status, "CLOSED");
  const told = await shop.shop.database.rows({
    name: "events of the copy",
    text: "SELECT s.type FROM shop_events s LEFT JOIN drop_entries e ON e.id = s.subject WHERE s.subject = $1 OR e.drop_id = $1",
    values: [copies.dropId],
  });
  assert.deepEqual(told, []);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  assert.deepEqual(good(await shop.operator.get("/admin/sales"), 200).sales, []);
}

test("a rehearsed drop with a line sells all units to those in line, although people give up", async () => {
  const original = await drop({ mode: "FIRST_COME", waitlist: true });
  const done = await rehearse(shop, original.id, { giveUpPercent: 30, manyAccountsPercent: 10 });
  const { report, plan } = done;
  assert.deepEqual([done.dropId, done.productId], [original.id, original.productId]);
  assert.deepEqual([plan.drop.holdFor, plan.drop.limitPerCustomer, plan.drop.giveUpPercent], ["PT5S", 1, 30]);
  // Four of forty people have three accounts.
  assert.deepEqual([report.entries.asked, report.entries.succeeded, report.manyAccounts.people, report.manyAccounts.accounts], [48, 48, 4, 12]);
  assert.deepEqual([report.drop.sold, report.orders.succeeded, report.left.stock, report.refunded], [10, 10, 0, 10]);
  const { BOUGHT = 0, LEFT = 0, LAPSED = 0, WAITING = 0 } = report.drop.entries;
  assert.deepEqual([BOUGHT, BOUGHT + LEFT + LAPSED + WAITING], [10, 48]);
  assert.ok(LEFT > 0 && LAPSED > 0 && report.drop.holdsLapsed === LAPSED, JSON.stringify(report.drop));
  assert.equal(report.audit.violations, 0);
  await assertUntouched(original, done);
});

test("a rehearsed draw is drawn, and its winners order", async () => {
  const original = await drop({ mode: "DRAW", waitlist: true, closesAt: new Date(Date.now() + 2 * HOUR_MS).toISOString() }, 5);
  const done = await rehearse(shop, original.id, { buyers: 20, giveUpPercent: 0 });
  const { entries, drop: outcome } = done.report;
  // On a very slow machine some come after the close.
  assert.equal(entries.succeeded + (entries.refusedBy.DROP_CLOSED ?? 0), 20);
  assert.deepEqual([outcome.sold, outcome.entries.BOUGHT], [5, 5]);
  await assertUntouched(original, done, 5);
});

// Without a claim that names people, a limit cannot tell accounts of one person.
test("a rehearsal tells how many units people with several accounts get, and that a claim for people stops them", async () => {
  const original = await drop({ mode: "DIRECT" }, 100);
  const unknown = await rehearse(shop, original.id, { manyAccountsPercent: 25 });
  assert.deepEqual(unknown.report.manyAccounts, { people: 10, accounts: 30, units: 30, mostUnits: 3 });
  const known = await rehearse(knowing, original.id, { manyAccountsPercent: 25 });
  assert.deepEqual(known.report.manyAccounts, { people: 10, accounts: 30, units: 10, mostUnits: 1 });
  assert.deepEqual(known.report.orders.refusedBy, { DROP_LIMIT_EXCEEDED: 20 });
  assert.equal(known.report.drop.sold, 40);
  await assertUntouched(original, known, 100);
});

test("a rehearsal of a drop names neither a product nor an unknown drop, and its habits need a drop", async () => {
  const { id: dropId, productId } = await drop({});
  const start = (body: Record<string, unknown>) => shop.operator.post("/admin/rehearsals", { buyers: 1, ...body });
  const pathsOf = async (body: Record<string, unknown>): Promise<string[]> =>
    (refused(await start(body), 400, "INVALID_REQUEST")["errors"] as { path: string }[]).map(({ path }) => path);
  assert.deepEqual(await pathsOf({ dropId, productId }), ["/productId"]);
  assert.deepEqual(await pathsOf({}), ["/productId"]);
  assert.deepEqual(await pathsOf({ productId, giveUpPercent: 1 }), ["/giveUpPercent"]);
  assert.deepEqual(await pathsOf({ productId, manyAccountsPercent: 1 }), ["/manyAccountsPercent"]);
  assert.deepEqual(await pathsOf({ dropId, giveUpPercent: 101 }), ["/giveUpPercent"]);
  refused(await start({ dropId: UNKNOWN_ID }), 404, "DROP_NOT_FOUND");
});
