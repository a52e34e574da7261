import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { openFakeShop } from "./fake-shop.ts";
import type { Heard, Meddler } from "./fake-shop.ts";
import type { Progress } from "./progress.ts";
import { replay } from "./replay.ts";

const excerpt = fileURLToPath(new URL("../../data/online-retail/2010-12-01.csv", import.meta.url));
const quiet: Progress = () => ({ step() {}, end() {} });

let folder = "";
let small = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-"));
  small = join(folder, "small.csv");
  const lines = [
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
    "1,A,LAMP,3,2010-12-01 08:00:00,2.55,7.0",
    "2,A,LAMP,1,2010-12-01 23:59:00,2.1,8.0",
    "C3,A,LAMP,-2,2010-12-02 08:00:00,2.55,7.0",
  ];
  await writeFile(small, lines.join("\n"));
});
after(() => rm(folder, { recursive: true }));

/** Opens a fake shop for one test, and gives what replays a file into it. */
async function given(t: TestContext, meddle?: Meddler) {
  const shop = await openFakeShop(meddle);
  t.after(() => shop.close());
  const run = async (file: string, concurrency = 16) => {
    const said: string[] = [];
    const options = { file, url: shop.url, token: "token", concurrency, progress: quiet, patienceMs: 0 };
    const { ok } = await replay({ ...options, out: (line) => said.push(line) });
    return { ok, said: said.join("\n") };
  };
  return { shop, run };
}

const isOrder = ({ method, path }: Heard) => method === "POST" && path === "/orders";

test("the vendored day comes back from the shop as it is in the file", async (t) => {
  const { shop, run } = await given(t);
  const { ok, said } = await run(excerpt);
  assert.equal(ok, true, said);
  assert.match(said, /^orders +121 +121$/m);
  assert.match(said, /^revenue \(pence\) +4,637,649 +4,637,649$/m);
  assert.match(said, /^refunds +1 +1$/m);
  assert.match(said, /The shop agrees with the file\.$/);
  assert.equal(shop.orders.length, 121);
});

test("stock and balances are just what the file needs", async (t) => {
  const { shop, run } = await given(t);
  await run(excerpt);
  assert.ok([...shop.variants.values()].every(({ stock }) => stock === 0));
  assert.ok([...shop.balances.values()].every((balance) => balance === 0));
});

test("a second run of the same file changes nothing and still agrees", async (t) => {
  const { shop, run } = await given(t);
  await run(small);
  const before = structuredClone(shop.orders);
  const { ok, said } = await run(small);
  assert.equal(ok, true, said);
  assert.match(said, /2 of them there already/);
  assert.deepEqual(shop.orders, before);
});

// Goes red without the filter by products in `readOrders`.
test("two files of the same days in one shop each agree", async (t) => {
  const { run } = await given(t);
  assert.equal((await run(small)).ok, true);
  const { ok, said } = await run(excerpt);
  assert.equal(ok, true, said);
});

// Goes red if the read-back trusts the replay's own counters.
test("fails when the shop's orders differ from the file", async (t) => {
  const { run } = await given(t, ({ path }, orders) => {
    if (path.startsWith("/admin/orders?")) orders.splice(1);
    return undefined;
  });
  const { ok, said } = await run(small);
  assert.equal(ok, false);
  assert.match(said, /^orders +2 +1 {2}≠$/m);
  assert.match(said, /^units +4 +3 {2}≠$/m);
  assert.match(said, /The shop differs from the file in orders; lines; units; revenue \(pence\)/);
});

test("fails when an order was placed twice", async (t) => {
  const { run } = await given(t, ({ path }, orders) => {
    if (path.startsWith("/admin/orders?")) orders.push({ ...orders[0]!, orderId: "again" });
    return undefined;
  });
  const { ok, said } = await run(small);
  assert.equal(ok, false);
  assert.match(said, /^orders +2 +3 {2}≠$/m);
});

test("fails when only the statistics differ", async (t) => {
  const { run } = await given(t, ({ path }) => (path.startsWith("/admin/sales") ? { status: 200, body: { sales: [] } } : undefined));
  const { ok, said } = await run(small);
  assert.equal(ok, false);
  assert.match(said, /differs from the file in net units; net revenue \(pence\)\.$/);
});

test("a busy shop is asked again with the same key", async (t) => {
  let refusals = 0;
  const busy: Meddler = (heard) => {
    if (!isOrder(heard) || refusals === 3) return undefined;
    return { status: [503, 429, 409][refusals++]!, body: { code: "IDEMPOTENCY_IN_PROGRESS" }, headers: { "retry-after": "0" } };
  };
  const { shop, run } = await given(t, busy);
  const { ok, said } = await run(small, 1);
  assert.equal(ok, true, said);
  const keys = shop.heard.filter(isOrder).map(({ key }) => key);
  assert.equal(keys.length, 5);
  assert.equal(new Set(keys).size, 2);
});

test("an order whose answer is lost is not placed twice", async (t) => {
  let lost = 0;
  const { shop, run } = await given(t, (heard) => (isOrder(heard) && lost++ === 0 ? "hang up" : undefined));
  const { ok, said } = await run(small);
  assert.equal(ok, true, said);
  assert.equal(shop.orders.length, 2);
  assert.equal(shop.heard.filter(isOrder).length, 3);
});

test("one at a time is in the order of the invoices", async (t) => {
  const { shop, run } = await given(t);
  await run(excerpt, 1);
  const placed = shop.orders.map((order) => order.createdAt);
  assert.deepEqual(placed, placed.toSorted());
});

test("a refusal ends the run with the shop's own reason", async (t) => {
  const body = { code: "STOCK_INSUFFICIENT", detail: "Not enough stock" };
  const { shop, run } = await given(t, (heard) => (isOrder(heard) ? { status: 400, body } : undefined));
  await assert.rejects(run(excerpt, 2), {
    name: "ReplayError",
    message: /answers 400 to order 536\d+, with STOCK_INSUFFICIENT \(Not enough stock\)\.$/,
  });
  assert.ok(shop.heard.filter(isOrder).length <= 2);
});

const turnedAway: [why: string, Meddler, RegExp][] = [
  ["a token that is not accepted", () => ({ status: 401, body: { code: "UNAUTHENTICATED" } }), /does not accept the token\.$/],
  ["a shopper's token", () => ({ status: 403, body: { code: "FORBIDDEN" } }), /^The token is not an operator's/],
  ["something that is no shop", () => ({ status: 302, body: "<html>" }), /answers 302 to an operator's question, and does not say why\.$/],
];

for (const [why, meddle, sentence] of turnedAway) {
  test(`${why} ends the run in one sentence, before anything is sent`, async (t) => {
    const { shop, run } = await given(t, meddle);
    await assert.rejects(run(small), { name: "ReplayError", message: sentence });
    assert.deepEqual(
      shop.heard.map(({ method }) => method),
      ["GET"],
    );
  });
}

test("a shop that is not there ends the run in one sentence", async (t) => {
  const { shop, run } = await given(t);
  shop.close();
  await assert.rejects(run(small), { name: "ReplayError", message: /^The shop at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)\.$/ });
});

for (const [why, wrong, sentence] of [
  ["an address that is none", { url: "localhost:3000" }, /^localhost:3000 is not the address of a shop/],
  ["a token with a line break in it", { token: "one\ntwo" }, /^The token holds characters that no token has\.$/],
  ["no concurrency", { concurrency: 0 }, /^The concurrency is a whole number from 1\.$/],
] as const) {
  test(`${why} ends the run in one sentence`, async () => {
    const options = { file: small, url: "http://127.0.0.1:1", token: "token", progress: quiet, out: () => {} };
    await assert.rejects(replay({ ...options, ...wrong }), { name: "ReplayError", message: sentence });
  });
}
