import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { openFakeShop } from "../../test/support/fake-shop.ts";
import type { Heard, Interceptor } from "../../test/support/fake-shop.ts";
import type { Progress } from "./progress.ts";
import { replay } from "./replay.ts";

const excerpt = fileURLToPath(new URL("../../data/online-retail/2010-12-01.csv", import.meta.url));
const quiet: Progress = () => ({ step() {}, end() {} });

let folder = "";
let small = "";
let lines: string[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-"));
  small = join(folder, "small.csv");
  lines = [
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
    "1,A,LAMP,3,2010-12-01 08:00:00,2.55,7.0",
    "2,A,LAMP,1,2010-12-01 23:59:00,2.1,8.0",
    "C3,A,LAMP,-2,2010-12-02 08:00:00,2.55,7.0",
  ];
  await writeFile(small, lines.join("\n"));
});
after(() => rm(folder, { recursive: true }));

/** Opens a fake shop for one test. `run` replays a file into it. */
async function setUp(t: TestContext, meddle?: Interceptor, ageMs = 0) {
  const shop = await openFakeShop(meddle, ageMs);
  t.after(() => shop.close());
  const run = async (file: string, concurrency = 16, batch?: string) => {
    const output: string[] = [];
    const options = {
      file,
      url: shop.url,
      token: "token",
      concurrency,
      progress: quiet,
      statisticsTimeoutMs: 0,
      ...(batch === undefined ? {} : { batch }),
    };
    const { ok } = await replay({ ...options, out: (line) => output.push(line) });
    return { ok, output: output.join("\n") };
  };
  return { shop, run };
}

const isOrder = ({ method, path }: Heard) => method === "POST" && path === "/orders";

test("the shop's totals agree with the file after a replay of the vendored day", async (t) => {
  const { shop, run } = await setUp(t);
  const { ok, output } = await run(excerpt);
  assert.equal(ok, true, output);
  assert.match(output, /^orders +121 +121$/m);
  assert.match(output, /^revenue \(pence\) +4,637,649 +4,637,649$/m);
  assert.match(output, /^refunds +1 +1$/m);
  assert.match(output, /The shop agrees with the file\.$/);
  assert.equal(shop.orders.length, 121);
});

test("stock and balances are exactly used up by the file's sales", async (t) => {
  const { shop, run } = await setUp(t);
  await run(excerpt);
  assert.ok([...shop.variants.values()].every(({ stock }) => stock === 0));
  assert.ok([...shop.balances.values()].every((balance) => balance === 0));
});

test("a second run of the same file changes nothing and still agrees", async (t) => {
  const { shop, run } = await setUp(t);
  await run(small);
  const before = structuredClone(shop.orders);
  const { ok, output } = await run(small);
  assert.equal(ok, true, output);
  assert.match(output, /2 of them by an earlier run/);
  assert.deepEqual(shop.orders, before);
});

async function saved(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

// Fails if a key or a name depends on the file's bytes.
test("a file with the same sales in other bytes changes nothing, and the run reports that", async (t) => {
  const { shop, run } = await setUp(t);
  await run(small);
  const [header = "", ...rows] = lines;
  for (const content of [`${lines.join("\r\n")}\r\n`, `\ufeff${lines.join("\r")}\r`, [header, ...rows.toReversed()].join("\n\n")]) {
    const before = structuredClone([shop.orders, shop.users, [...shop.balances], [...shop.variants]]);
    const { ok, output } = await run(await saved("again.csv", content));
    assert.equal(ok, true, output);
    assert.match(output, /The shop already had all orders and agrees with the file\.$/);
    assert.deepEqual([shop.orders, shop.users, [...shop.balances], [...shop.variants]], before);
  }
});

// Fails without `differing` in `conclude`.
test("a file with one corrected date imports no invoice twice, and names the invoice that differs", async (t) => {
  const { shop, run } = await setUp(t);
  await run(small);
  const before = structuredClone([shop.orders, [...shop.balances], [...shop.variants]]);
  const { ok, output } = await run(await saved("corrected.csv", lines.join("\n").replace("2010-12-01 23:59", "2010-12-01 22:59")));
  assert.equal(ok, false);
  assert.match(output, /^The shop has these invoices with different contents, which were not changed: 2\.$/m);
  assert.deepEqual([shop.orders, [...shop.balances], [...shop.variants]], before);
});

test("an invoice with another customer grants that customer nothing", async (t) => {
  const { shop, run } = await setUp(t);
  await run(small);
  const { ok, output } = await run(await saved("customer.csv", lines.join("\n").replace("2.1,8.0", "2.1,9.0")));
  assert.equal(ok, false);
  assert.match(output, /these invoices .*: 2\.$/m);
  assert.equal(shop.orders.length, 2);
  assert.equal(shop.balances.has(shop.users.find(({ externalId }) => externalId === "9@online-retail")!.id), false);
});

test("a file with another quantity stops before any invoice, and names the stock code", async (t) => {
  const { shop, run } = await setUp(t);
  await run(small);
  const requests = shop.heard.length;
  await assert.rejects(run(await saved("quantity.csv", lines.join("\n").replace(",3,", ",4,"))), {
    name: "ReplayError",
    message: /other names, prices or quantities of stock codes A\. No invoice was imported\./,
  });
  assert.equal(shop.orders.length, 2);
  assert.ok(!shop.heard.slice(requests).some(isOrder));
});

test("a batch older than the shop keeps keys is refused before any change, and another batch is not", async (t) => {
  const { shop, run } = await setUp(t, undefined, 24 * 3_600_000);
  await run(small);
  const requests = shop.heard.length;
  await assert.rejects(run(small), { name: "ReplayError", message: /The shop has batch online-retail since .* Nothing was changed\./ });
  assert.ok(shop.heard.slice(requests).every(({ method }) => method === "GET"));
  const { ok, output } = await run(small, 16, "another");
  assert.equal(ok, true, output);
  assert.equal(shop.orders.length, 4);
});

test("a file that the shop would refuse in part is refused before any request", async (t) => {
  const { shop, run } = await setUp(t);
  const file = await saved("refused.csv", `${lines.join("\n")}\n1,A,LAMP,1000000,2010-12-01 08:00:00,2.55,7.0`);
  await assert.rejects(run(file), {
    name: "ReplayError",
    message: /nothing was changed:\n {2}invoice 1: 1000003 of A@255, but an order has at most/,
  });
  assert.deepEqual(shop.heard, []);
});

// Fails without the filter by products in `readOrders`.
test("two files of the same days in one shop both agree", async (t) => {
  const { run } = await setUp(t);
  assert.equal((await run(small)).ok, true);
  const { ok, output } = await run(excerpt);
  assert.equal(ok, true, output);
});

// Fails if the read-back uses the replay's own counters.
test("a replay fails if the shop's orders differ from the file", async (t) => {
  const { run } = await setUp(t, ({ path }, orders) => {
    if (path.startsWith("/admin/orders?")) orders.splice(1);
    return undefined;
  });
  const { ok, output } = await run(small);
  assert.equal(ok, false);
  assert.match(output, /^orders +2 +1 {2}≠$/m);
  assert.match(output, /^units +4 +3 {2}≠$/m);
  assert.match(output, /The shop differs from the file in orders; lines; units; revenue \(pence\)/);
});

test("a replay fails if an order was placed twice", async (t) => {
  const { run } = await setUp(t, ({ path }, orders) => {
    if (path.startsWith("/admin/orders?")) orders.push({ ...orders[0]!, orderId: "again" });
    return undefined;
  });
  const { ok, output } = await run(small);
  assert.equal(ok, false);
  assert.match(output, /^orders +2 +3 {2}≠$/m);
});

test("a replay fails if only the statistics differ", async (t) => {
  const { run } = await setUp(t, ({ path }) => (path.startsWith("/admin/sales") ? { status: 200, body: { sales: [] } } : undefined));
  const { ok, output } = await run(small);
  assert.equal(ok, false);
  assert.match(output, /differs from the file in net units; net revenue \(pence\)\.$/);
});

test("a busy shop is retried with the same key", async (t) => {
  let refusals = 0;
  const busy: Interceptor = (heard) => {
    if (!isOrder(heard) || refusals === 3) return undefined;
    return { status: [503, 429, 409][refusals++]!, body: { code: "IDEMPOTENCY_IN_PROGRESS" }, headers: { "retry-after": "0" } };
  };
  const { shop, run } = await setUp(t, busy);
  const { ok, output } = await run(small, 1);
  assert.equal(ok, true, output);
  const keys = shop.heard.filter(isOrder).map(({ key }) => key);
  assert.equal(keys.length, 5);
  assert.equal(new Set(keys).size, 2);
});

test("an order whose response is lost is not placed twice", async (t) => {
  let lost = 0;
  const { shop, run } = await setUp(t, (heard) => (isOrder(heard) && lost++ === 0 ? "hang up" : undefined));
  const { ok, output } = await run(small);
  assert.equal(ok, true, output);
  assert.equal(shop.orders.length, 2);
  assert.equal(shop.heard.filter(isOrder).length, 3);
});

test("a replay with a concurrency of one places orders in the order of their invoices", async (t) => {
  const { shop, run } = await setUp(t);
  await run(excerpt, 1);
  const placed = shop.orders.map((order) => order.createdAt);
  assert.deepEqual(placed, placed.toSorted());
});

test("a refusal ends the run with the shop's reason", async (t) => {
  const body = { code: "STOCK_INSUFFICIENT", detail: "Not enough stock" };
  const { shop, run } = await setUp(t, (heard) => (isOrder(heard) ? { status: 400, body } : undefined));
  await assert.rejects(run(excerpt, 2), {
    name: "ReplayError",
    message: /refused order 536\d+ with status 400 and STOCK_INSUFFICIENT \(Not enough stock\)\.$/,
  });
  assert.ok(shop.heard.filter(isOrder).length <= 2);
});

const rejected: [why: string, Interceptor, RegExp][] = [
  ["a token that is not accepted", () => ({ status: 401, body: { code: "UNAUTHENTICATED" } }), /does not accept the token\.$/],
  ["a shopper's token", () => ({ status: 403, body: { code: "FORBIDDEN" } }), /^The token is not an operator's/],
  ["a server other than a shop", () => ({ status: 302, body: "<html>" }), /responded to an operator's request with status 302 and no reason\.$/],
];

for (const [why, meddle, sentence] of rejected) {
  test(`${why} ends the run in one sentence, before any change`, async (t) => {
    const { shop, run } = await setUp(t, meddle);
    await assert.rejects(run(small), { name: "ReplayError", message: sentence });
    assert.deepEqual(
      shop.heard.map(({ method }) => method),
      ["GET"],
    );
  });
}

test("an unreachable shop ends the run in one sentence", async (t) => {
  const { shop, run } = await setUp(t);
  shop.close();
  await assert.rejects(run(small), { name: "ReplayError", message: /^The shop at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)\.$/ });
});

for (const [why, wrong, sentence] of [
  ["an invalid address", { url: "localhost:3000" }, /^localhost:3000 is not the address of a shop/],
  ["a token with a line break in it", { token: "one\ntwo" }, /^The token contains characters that tokens cannot have\.$/],
  ["a batch with a blank", { batch: "my batch" }, /^A batch name must have 1 to 40 letters/],
  ["no concurrency", { concurrency: 0 }, /^The concurrency must be a whole number from 1\.$/],
] as const) {
  test(`${why} ends the run in one sentence`, async () => {
    const options = { file: small, url: "http://127.0.0.1:1", token: "token", progress: quiet, out: () => {} };
    await assert.rejects(replay({ ...options, ...wrong }), { name: "ReplayError", message: sentence });
  });
}
