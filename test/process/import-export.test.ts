// `npx jangnal import FILE` and `npx jangnal export`.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { importProducts } from "../../src/cli/import.ts";
import { exportLines, type ExportName } from "../../src/export/export.ts";
import { start } from "../support/process.ts";
import { good, type Json, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
const folder = mkdtempSync(join(tmpdir(), "import-test-"));
before(async () => (shop = await openTestShop()));
after(async () => {
  await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(t: TestContext, name: string, text: string, { url = shop.url, ...options }: { url?: string; "dry-run"?: boolean } = {}) {
  const file = join(folder, name);
  writeFileSync(file, text);
  const lines: string[] = [];
  t.mock.method(console, "log", (line: string) => lines.push(line));
  t.mock.method(console, "error", (line: string) => lines.push(line));
  return { code: await importProducts.run({ url, token: shop.operator.token, ...options }, [file]), lines };
}

async function byKey(externalId: string): Promise<Json> {
  const [found] = good(await shop.operator.get(`/admin/products?externalId=${encodeURIComponent(externalId)}`), 200).products;
  return found && good(await shop.operator.get(`/products/${found.id}`), 200);
}

async function exported(name: ExportName, format: "csv" | "ndjson"): Promise<string> {
  let text = "";
  for await (const lines of exportLines(shop.shop.database, name, { format, timezone: "Asia/Seoul" })) text += lines;
  return text;
}

const SHOPIFY = `Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src,Image Alt Text,Variant Image,Status
mosi,모시 손수건,"<p>한산 &amp; 서천</p><p>손으로 짠</p>",한산모시조합,손수건,"선물, 여름",TRUE,색상,백색,SH-W,15,12000.00,https://cdn.example/1.jpg,앞,,active
mosi,,,,,,,,쪽빛,SH-I,3,14000,https://cdn.example/2.jpg,,https://cdn.example/i.jpg,
mosi,,,,,,,,,,,,/3.jpg,,,
single,단품,,,,,FALSE,Title,Default Title,SH-1,-2,5000,,,,active
broken,깨진 것,,,,,TRUE,색상,적,SH-B,x,1000.50,,,,active
nameless,,,,,,TRUE,Title,Default Title,SH-N,1,1000,,,,active
`;

describe("npx jangnal import", () => {
  test("brings in products from Shopify's CSV, names each row that it cannot, and changes nothing when it is run again", async (t) => {
    const first = await run(t, "shopify.csv", SHOPIFY);
    assert.deepEqual(first, {
      code: 1,
      lines: [
        "line 6: 1000.50 is not a price with at most 0 decimals",
        "line 6: x is not a number of units",
        "line 7: title is empty in the product's first row",
        "2 created, 0 updated, 0 unchanged, 3 refused.",
      ],
    });
    const { name, description, images, tags, metadata, variants } = await byKey("mosi");
    assert.deepEqual(
      [name, description, tags, metadata],
      ["모시 손수건", "한산 & 서천\n손으로 짠", ["선물", "여름"], { vendor: "한산모시조합", type: "손수건" }],
    );
    assert.deepEqual(images, [{ url: "https://cdn.example/1.jpg", alt: "앞" }, { url: "https://cdn.example/2.jpg" }, { url: "/3.jpg" }]);
    assert.deepEqual(
      variants.map(({ sku, options, price, stock, imageUrl }: Json) => [sku, options, price, stock, imageUrl]),
      [
        ["SH-W", { 색상: "백색" }, 12_000, 15, null],
        ["SH-I", { 색상: "쪽빛" }, 14_000, 3, "https://cdn.example/i.jpg"],
      ],
    );
    const single = await byKey("single");
    assert.deepEqual([single.status, single.variants[0].options, single.variants[0].stock], ["NOT_FOR_SALE", {}, 0]);
    assert.equal((await run(t, "shopify.csv", SHOPIFY)).lines.at(-1), "0 created, 0 updated, 2 unchanged, 3 refused.");
  });

  test("a dry run prints each change, and changes nothing", async (t) => {
    good(await shop.operator.send("PUT", "/admin/products/by-external-id/dry", { name: "전", price: 1, stock: 1 }), 201);
    const text = `{"externalId":"dry","name":"후"}\n\n{"externalId":"dry-2","name":"새것","price":1,"stock":1}\n{"externalId":"dry-3"}\n`;
    const { code, lines } = await run(t, "products.ndjson", text, { "dry-run": true });
    assert.deepEqual(
      [code, lines],
      [
        1,
        [
          'line 1 (dry): name "전" → "후"',
          "line 3 (dry-2): would be created",
          "line 4 (dry-3): /name is required: the shop does not have it yet",
          "line 4 (dry-3): /price is required: the shop does not have it yet",
          "line 4 (dry-3): /stock is required: the shop does not have it yet",
          "Dry run: 1 created, 1 updated, 0 unchanged, 1 refused. The shop was not changed.",
        ],
      ],
    );
    assert.equal((await byKey("dry")).name, "전");
  });

  // text-lines.ts; `node:readline` splits at these characters.
  test("a separator of lines inside a product's text does not end its line", async (t) => {
    const product = { externalId: "separated", name: "줄", description: "첫\u2028둘\u2029셋", price: 1, stock: 1 };
    assert.deepEqual((await run(t, "separated.ndjson", JSON.stringify(product))).lines, ["1 created, 0 updated, 0 unchanged, 0 refused."]);
    assert.equal((await byKey("separated")).description, product.description);
  });

  // send-products.ts counts the answered lines.
  test("goes on behind the last answered line when the connection breaks", async (t) => {
    const sent: string[][] = [];
    const server = createServer((request, response) => {
      if (request.url === "/shop") return void response.end(JSON.stringify({ currency: "KRW" }));
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => {
        const keys = body
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as { externalId: string }).externalId);
        sent.push(keys);
        const answered = sent.length === 1 ? keys.slice(0, 2) : keys;
        response.write(
          answered.map((externalId, i) => `${JSON.stringify({ line: i + 1, externalId, id: externalId, result: "CREATED" })}\n`).join(""),
        );
        if (sent.length === 1) setImmediate(() => response.destroy());
        else response.end(`${JSON.stringify({ lines: keys.length })}\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const text = ["a", "b", "c", "d"].map((externalId) => `${JSON.stringify({ externalId })}\n`).join("");
    const { code, lines } = await run(t, "cut.ndjson", text, { url });
    server.close();
    assert.deepEqual([code, lines], [0, ["4 created, 0 updated, 0 unchanged, 0 refused."]]);
    assert.deepEqual(sent, [
      ["a", "b", "c", "d"],
      ["c", "d"],
    ]);
  });
});

describe("npx jangnal export", () => {
  test("products as NDJSON can be imported again, and then nothing changes", async (t) => {
    const sold = { price: 10, stock: 1, metadata: { k: "v" }, imageUrl: "/i.jpg" };
    const body = { name: "왕복", description: "설명", tags: ["t"], images: [{ url: "/a" }], metadata: { a: "b" }, taxFreeAmount: 5 };
    const variants = ["S", "M"].map((size) => ({ sku: `RT-${size}`, options: { size }, ...sold }));
    good(await shop.operator.send("PUT", "/admin/products/by-external-id/round-trip", { ...body, variants }), 201);
    const text = (await exported("products", "ndjson"))
      .split("\n")
      .filter((line) => line.includes("round-trip"))
      .join("\n");
    assert.deepEqual((await run(t, "again.ndjson", text)).lines, ["0 created, 0 updated, 1 unchanged, 0 refused."]);
  });

  // `bounded` in export.sql.ts; with a limit of rows alone, all of them are one page of 60 MB.
  test("a page of large orders, products and users is bounded by its size, and no row is missing", async () => {
    const [buyer] = await shop.users(1);
    const { id: productId, variants } = await shop.product({ price: 1, stock: 1 });
    const { pool } = shop.shop.database;
    await pool.query(
      `INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at)
       SELECT ('0193a000-0000-7000-9000-' || lpad(to_hex(n << 16), 12, '0'))::uuid, $1, 'CANCELLED',
         (SELECT jsonb_agg(jsonb_build_object('variantId', $3::text, 'productId', $2::text, 'name', md5(random()::text) || md5(random()::text), 'unitPrice', 1, 'quantity', 1)) FROM generate_series(1, 2000) WHERE n > 0),
         1, 2000, 0, now() FROM generate_series(1, 150) n`,
      [buyer?.id, productId, (variants as [{ id: string }])[0].id],
    );
    const large = `(SELECT jsonb_object_agg(n::text, (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 15) WHERE n > 0)) FROM generate_series(1, 50) n)`;
    await pool.query(`UPDATE users SET metadata = ${large} WHERE id = $1`, [buyer?.id]);
    for (const name of ["orders", "users", "products"] as const) {
      const chunks: string[] = [];
      for await (const lines of exportLines(shop.shop.database, name, { format: "ndjson", timezone: "Asia/Seoul" })) chunks.push(lines);
      const most = Math.max(...chunks.map(({ length }) => length));
      assert.ok(most < 12_000_000, `${name}: a page has ${most} characters`);
      const { rows } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${name}`);
      assert.equal(chunks.join("").trim().split("\n").length, Number(rows[0]?.count));
      if (name === "orders") assert.ok(chunks.length > 4, `${chunks.length} pages`);
    }
    await pool.query("DELETE FROM orders WHERE id::text LIKE '0193a000-0000-7000-9000-%'");
  });

  test("orders, users and the ledger are complete over many pages, in both formats", async () => {
    const [buyer] = await shop.users(1, { balance: 1_000_000, name: '=HYPERLINK("http://evil.example")' });
    assert.ok(buyer);
    const product = await shop.product({ price: 1, stock: 10_000 });
    const order = { orderItems: [{ productId: product.id, quantity: 2 }], note: "줄\n바꿈, 쉼표" };
    const { orderId, orderNumber } = good(await buyer.post("/orders", order), 201);
    // More than a page.
    for (let i = 0; i < 11; i++) {
      const grants = Array.from({ length: 100 }, () => ({ userId: buyer.id, amount: 1, reason: "r" }));
      good(await shop.operator.post("/admin/balances/grant", { grants }), 200);
    }
    const ledger = (await exported("ledger", "ndjson"))
      .trim()
      .split("\n")
      .map((line): Json => JSON.parse(line));
    const own = ledger.filter(({ userId }) => userId === buyer.id);
    assert.deepEqual([own.length, new Set(own.map(({ transactionId }) => transactionId)).size], [1102, 1102]);
    assert.equal(own.at(-1).balanceAfter, 1_000_000 - 2 + 1100);
    assert.deepEqual([own[1].type, own[1].amount, own[1].orderId], ["PAYMENT", -2, orderId]);

    const found = (await exported("orders", "ndjson"))
      .trim()
      .split("\n")
      .map((line): Json => JSON.parse(line))
      .find((one) => one.orderId === orderId);
    assert.deepEqual([found.orderNumber, found.paidAmount, found.items[0].quantity, "key" in found], [orderNumber, 2, 2, false]);
    const orders = await exported("orders", "csv");
    assert.match(orders, /^\ufefforderId,orderNumber,.*,metadata\r\n/);
    assert.ok(orders.includes(`${orderId},${orderNumber},`) && orders.includes('"줄\n바꿈, 쉼표"'));
    // 1,100 rows are more than a pipe holds, so the export is still writing when `head` has read enough.
    const { child, ended } = start(["export", "ledger"], { DATABASE_URL: shop.shop.config.databaseUrl as string });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const { code, output } = await ended;
    assert.deepEqual([code, output.includes("cannot be reached")], [0, false], output.slice(-300));

    // Spreadsheets must not run a buyer's name as a formula.
    assert.ok((await exported("users", "csv")).includes(`${buyer.id},,"'=HYPERLINK(""http://evil.example"")"`));
  });
});
