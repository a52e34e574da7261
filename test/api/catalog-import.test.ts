// Products of another system: PUT by external id, and the import of whole catalogs.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type ClientRequest, request } from "node:http";
import { after, before, describe, test } from "node:test";
import { type Answer, good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

const rows = (text: string): Promise<Record<string, unknown>[]> => shop.shop.database.rows({ name: text.slice(0, 60), text, values: [] });

const PATH = "/admin/catalog/import";

type Result = Record<string, unknown> & { line?: number; result?: string; problem?: { code: string; errors?: { path: string }[] } };

/** Sends the text in pieces and returns the lines of the answer. */
async function send(text: string, { path = PATH, pieces = 1, requestId = randomUUID() } = {}): Promise<{ status: number; lines: Result[] }> {
  const { sent, answer } = open(path, () => {}, requestId);
  const bytes = Buffer.from(text);
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    sent.write(bytes.subarray(at, at + size));
    if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  sent.end();
  const { status, body } = await answer;
  return {
    status,
    lines: body
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Result),
  };
}

function open(
  path = PATH,
  onData: (text: string) => void = () => {},
  requestId: string = randomUUID(),
): { sent: ClientRequest; answer: Promise<{ status: number; body: string }> } {
  const headers = { authorization: `Bearer ${shop.operator.token}`, "content-type": "application/x-ndjson", "x-request-id": requestId };
  const sent = request(new URL(path, shop.url), { method: "POST", headers, agent: false });
  sent.flushHeaders();
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        body += part;
        onData(part);
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
  return { sent, answer };
}

const article = (key: string, fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  externalId: key,
  name: `상품 ${key}`,
  variants: ["S", "M", "L", "XL"].map((size) => ({ sku: `${key}-${size}`, options: { size }, price: 10_000, stock: 5 })),
  ...fields,
});
const ndjson = (rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const bare = ({ lines }: { lines: Result[] }): unknown[] =>
  lines.map(({ line, result, problem }) => (line === undefined ? "counts" : `${line} ${result ?? problem?.code}`));

const put = (externalId: string, body: object): Promise<Answer> =>
  shop.operator.send("PUT", `/admin/products/by-external-id/${encodeURIComponent(externalId)}`, body);
const faults = (answer: Answer): string[] => (refused(answer, 400, "INVALID_REQUEST") as Json).errors.map(({ path }: Json) => path);
const byKey = async (externalId: string): Promise<Json> => {
  const [found] = good(await shop.operator.get(`/admin/products?externalId=${encodeURIComponent(externalId)}`), 200).products;
  return found && good(await shop.operator.get(`/products/${found.id}`), 200);
};
/** Counts of everything that an import writes. */
const written = async (): Promise<unknown> => {
  const [counts] = await rows(`SELECT (SELECT count(*) FROM products) AS products, (SELECT sum(version) FROM products) AS versions,
    (SELECT sum(version) FROM variants) AS variants, (SELECT count(*) FROM stock_adjustments) AS adjustments, (SELECT max(xmin::text::bigint) FROM products) AS xmin`);
  return counts;
};

describe("PUT by external id", () => {
  test("makes the product once, and then changes only the members that are sent", async () => {
    const body = {
      name: "셔츠",
      description: "면",
      tags: ["a"],
      metadata: { k: "v" },
      variants: [{ sku: "P-S", options: { size: "S" }, price: 100, stock: 5 }],
    };
    const made = good(await put("put/1", body), 201);
    assert.deepEqual([made.externalId, made.warnings], ["put/1", []]);
    const again = good(await put("put/1", body), 200);
    assert.deepEqual(again, made);
    const { name, description, tags, metadata, version, variants } = good(
      await put("put/1", { name: "새 셔츠", tags: [], metadata: { other: "w" } }),
      200,
    );
    assert.deepEqual([name, description, tags, metadata, version], ["새 셔츠", "면", [], { other: "w" }, 1]);
    assert.deepEqual(variants, [{ ...made.variants[0], name: "새 셔츠" }]);
  });

  test("an external id that looks like an id is not changed", async () => {
    const key = randomUUID().toUpperCase();
    assert.equal(good(await put(key, { name: "a", price: 1, stock: 1 }), 201).externalId, key);
    good(await put(key.toLowerCase(), { name: "b", price: 1, stock: 1 }), 201);
  });

  test("a product that was withdrawn stays withdrawn until a status is sent", async () => {
    const { id } = good(await put("withdrawn", { name: "a", price: 1, stock: 1 }), 201);
    good(await shop.operator.patch(`/admin/products/${id}`, { status: "NOT_FOR_SALE" }), 200);
    assert.equal(good(await put("withdrawn", { name: "a", price: 2, stock: 1 }), 200).status, "NOT_FOR_SALE");
    assert.equal(good(await put("withdrawn", { status: "ON_SALE" }), 200).status, "ON_SALE");
  });

  // match-variants.ts
  test("variants are matched by SKU, else by equal options; missing ones are added, and those not named are withdrawn", async () => {
    const variant = (sku: string | undefined, size: string, price = 100) => ({ ...(sku ? { sku } : {}), options: { size }, price, stock: 5 });
    const first = good(await put("match", { name: "셔츠", variants: [variant("M-1", "S"), variant("M-2", "M"), variant(undefined, "L")] }), 201);
    const [s, m, l] = first.variants;
    const sent = [variant("M-2", "Medium", 120), variant("M-9", "L"), variant("M-4", "XL")];
    const after = good(await put("match", { variants: sent }), 200);
    const shown = after.variants.map(({ id, sku, name, price, status }: Json) => ({ id, sku, name, price, status }));
    assert.deepEqual(shown, [
      { id: s.id, sku: "M-1", name: "S", price: 100, status: "NOT_FOR_SALE" },
      { id: m.id, sku: "M-2", name: "Medium", price: 120, status: "ON_SALE" },
      { id: l.id, sku: "M-9", name: "L", price: 100, status: "ON_SALE" },
      { id: after.variants[3].id, sku: "M-4", name: "XL", price: 100, status: "ON_SALE" },
    ]);
    assert.deepEqual(good(await put("match", { variants: sent }), 200), { ...after, warnings: [] });
  });

  test("stock counts only for variants that are made, and a warning names each that was ignored", async () => {
    const variants = (stock: number, ...sizes: string[]) => sizes.map((size) => ({ options: { size }, price: 1, stock }));
    good(await put("stock", { name: "a", variants: variants(5, "S") }), 201);
    const after = good(await put("stock", { variants: variants(9, "S", "M") }), 200);
    assert.deepEqual(
      after.variants.map(({ stock }: Json) => stock),
      [5, 9],
    );
    assert.deepEqual(
      after.warnings.map(({ path }: Json) => path),
      ["/variants/0/stock"],
    );
  });

  test("a new product needs a name and prices, and a new variant needs a price and a stock", async () => {
    assert.deepEqual(faults(await put("new", {})), ["/name", "/price", "/stock"]);
    assert.deepEqual(faults(await put("new", { name: "a", variants: [{ sku: "N-1", price: 1 }] })), ["/variants/0/stock"]);
    good(await put("new", { name: "a", price: 1, stock: 1 }), 201);
    assert.deepEqual(faults(await put("new", { variants: [{}, { options: { size: "S" } }] })), ["/variants/1/price", "/variants/1/stock"]);
    good(await put("new", { variants: [{}, { options: { size: "S" }, price: 2, stock: 2 }] }), 200);
    assert.deepEqual(faults(await put("new", { price: 3 })), ["/price"]);
    assert.deepEqual(faults(await put("new", { externalId: "x" })), ["/externalId"]);
  });

  test("a SKU of another product is refused by its place", async () => {
    good(await put("sku-a", { name: "a", variants: [{ sku: "TAKEN", price: 1, stock: 1 }] }), 201);
    assert.deepEqual(
      faults(
        await put("sku-b", {
          name: "b",
          variants: [
            { price: 1, stock: 1, sku: "FREE" },
            { sku: "TAKEN", price: 1, stock: 1 },
          ],
        }),
      ),
      ["/variants/1/sku"],
    );
    assert.equal(await byKey("sku-b"), undefined);
  });
});

describe("the import", () => {
  const CATALOG = Array.from({ length: 5000 }, (_, i) => article(`N${i}`));

  // import-catalog.ts compares before it asks the till.
  test("imports 20,000 articles in 5,000 products in one call; sent again nothing is written; one price changed is one UPDATED", async () => {
    const count = async (): Promise<number> => Number((await rows("SELECT count(*) FROM variants"))[0]?.["count"]);
    const before = await count();
    assert.deepEqual((await send(ndjson(CATALOG))).lines.at(-1), { lines: 5000, created: 5000, updated: 0, unchanged: 0, refused: 0 });
    assert.equal((await count()) - before, 20_000);
    const state = await written();
    assert.deepEqual((await send(ndjson(CATALOG))).lines.at(-1), { lines: 5000, created: 0, updated: 0, unchanged: 5000, refused: 0 });
    assert.deepEqual(await written(), state);
    const dearer = CATALOG.with(
      1234,
      article("N1234", {
        variants: ["S", "M", "L", "XL"].map((size) => ({ sku: `N1234-${size}`, options: { size }, price: size === "S" ? 9000 : 10_000, stock: 5 })),
      }),
    );
    const { lines } = await send(ndjson(dearer));
    assert.deepEqual(lines.at(-1), { lines: 5000, created: 0, updated: 1, unchanged: 4999, refused: 0 });
    assert.deepEqual(bare({ lines: lines.filter(({ result }) => result === "UPDATED") }), ["1235 UPDATED"]);
    assert.equal((await byKey("N1234")).price, 9000);
  });

  // import-catalog.ts compares before it asks the till, so a nightly import does not wait for a sale.
  test("a line that changes nothing is answered while its rows are locked", async () => {
    good(await put("locked", { name: "a", price: 1, stock: 1 }), 201);
    const { variants } = await byKey("locked");
    const lines = await shop.shop.database.transaction(async (query) => {
      await query("SELECT FROM variants WHERE id = $1 FOR UPDATE", [variants[0].id]);
      return (await send(ndjson([{ externalId: "locked", price: 1 }]))).lines;
    });
    assert.deepEqual(bare({ lines }), ["1 UNCHANGED", "counts"]);
  });

  test("lines count from 1, blank ones are skipped, a last one without a line feed is read, and a faulty one refuses itself only", async () => {
    const text = `\ufeff${ndjson([article("L1")])}\r\n  \n{broken\n${ndjson([
      { externalId: "L2", price: 1 },
      { externalId: "L3", surprise: 1 },
    ])}\n${JSON.stringify(article("L4"))}`;
    for (const pieces of [1, 97]) {
      const { status, lines } = await send(text, { pieces });
      assert.equal(status, 200);
      const made = pieces === 1 ? "CREATED" : "UNCHANGED";
      assert.deepEqual(bare({ lines }), [`1 ${made}`, "4 INVALID_REQUEST", "5 INVALID_REQUEST", "6 INVALID_REQUEST", `8 ${made}`, "counts"]);
      assert.deepEqual(
        lines.slice(1, 4).map(({ externalId, problem }) => [externalId, problem?.errors?.map(({ path }) => path)]),
        [
          [undefined, [""]],
          ["L2", ["/name", "/stock"]],
          ["L3", ["/surprise"]],
        ],
      );
    }
    assert.equal(await byKey("L2"), undefined);
  });

  test("the later of two lines with one external id wins, and a SKU goes from an earlier line to a later one", async () => {
    const three = [article("T", { name: "첫째" }), article("T", { name: "둘째" }), article("T", { name: "셋째" })];
    assert.deepEqual(bare(await send(ndjson(three))), ["1 CREATED", "2 UPDATED", "3 UPDATED", "counts"]);
    assert.equal((await byKey("T")).name, "셋째");
    const one = (key: string, sku: string) => ({ externalId: key, name: key, variants: [{ sku, price: 1, stock: 1 }] });
    good(await put("moves-a", { name: "a", variants: [{ sku: "MOVES", price: 1, stock: 1 }] }), 201);
    assert.deepEqual(bare(await send(ndjson([one("moves-a", "GIVEN-UP"), one("moves-b", "MOVES")]))), ["1 UPDATED", "2 CREATED", "counts"]);
  });

  test("a result comes before the next line is sent", async () => {
    const seen: string[] = [];
    let arrived = Promise.withResolvers<void>();
    const { sent, answer } = open(PATH, (text) => {
      seen.push(text);
      arrived.resolve();
    });
    for (const key of ["one", "two", "three"]) {
      arrived = Promise.withResolvers<void>();
      sent.write(ndjson([article(key)]));
      await arrived.promise;
      assert.equal((JSON.parse(seen.at(-1) as string) as Result).externalId, key);
    }
    sent.end();
    assert.match((await answer).body, /"created":3/);
  });

  test("of a connection that breaks in the middle the answered lines are done, the half line is not, and the same again is safe", async () => {
    const lines = Array.from({ length: 50 }, (_, i) => article(`CUT${i}`));
    const answered: string[] = [];
    const some = Promise.withResolvers<void>();
    const { sent, answer } = open(PATH, (text) => {
      answered.push(...text.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as Result)["externalId"] as string])));
      if (answered.length >= 10) some.resolve();
    });
    answer.catch(() => {});
    const whole = JSON.stringify(article("HALF", { name: "반" }));
    sent.write(`${ndjson(lines.slice(0, 10))}${whole}`);
    await some.promise;
    sent.destroy();
    for (const key of answered) assert.ok(await byKey(key), key);
    const { lines: results } = await send(ndjson([...lines, article("HALF", { name: "반" })]));
    assert.deepEqual(results.at(-1), { lines: 51, created: 41, updated: 0, unchanged: 10, refused: 0 });
  });

  test("a dry run tells what would change, and changes nothing", async () => {
    good(await put("dry", { name: "전", variants: [{ sku: "DRY-1", price: 100, stock: 1 }] }), 201);
    const state = await written();
    const rowsToTry = [
      {
        externalId: "dry",
        name: "후",
        variants: [
          { sku: "DRY-1", price: 90, stock: 1 },
          { sku: "DRY-2", price: 80, stock: 2 },
        ],
      },
      article("dry-new"),
      { externalId: "dry-bad", name: "x", variants: [{ sku: "DRY-1", price: 1, stock: 1 }] },
    ];
    const { lines } = await send(ndjson(rowsToTry), { path: `${PATH}?dryRun=true` });
    assert.deepEqual(bare({ lines }), ["1 UPDATED", "2 CREATED", "3 INVALID_REQUEST", "counts"]);
    assert.deepEqual(lines[0]?.["changes"], [
      { path: "name", from: "전", to: "후" },
      { path: "variants/DRY-1/name", from: null, to: "DRY-1" },
      { path: "variants/DRY-1/price", from: 100, to: 90 },
      { path: "variants/DRY-2", from: null, to: { price: 80, stock: 2 } },
    ]);
    assert.deepEqual(await written(), state);
  });

  test("a line of more than a mebibyte refuses itself only", async () => {
    const long = JSON.stringify(article("LONG", { description: "x".repeat(1024 * 1024) }));
    assert.deepEqual(bare(await send(`${long}\n${ndjson([article("SHORT")])}`, { pieces: 20 })), ["1 BODY_TOO_LARGE", "2 CREATED", "counts"]);
  });

  test("more than 64 MiB are refused by their announced length, or end the stream with a problem after the lines within", async () => {
    const announced = await shop.operator
      .post(PATH, "{}", { "content-type": "application/x-ndjson", "content-length": String(64 * 1024 * 1024 + 1) })
      .catch((error: Error) => error);
    assert.ok(!(announced instanceof Error));
    refused(announced, 413, "BODY_TOO_LARGE");
    const { sent, answer } = open();
    sent.on("error", () => {});
    sent.write(ndjson([article("BEFORE")]));
    const blank = Buffer.alloc(1024 * 1024, `${" ".repeat(1023)}\n`);
    for (let i = 0; i < 65; i++) if (!sent.write(blank)) await new Promise((resolve) => sent.once("drain", resolve));
    sent.end();
    const { status, body } = await answer;
    assert.equal(status, 200);
    const lines = body
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Result);
    assert.deepEqual([lines.length, lines[0]?.result, lines[1]?.problem?.code, lines[1]?.["created"]], [2, "CREATED", "BODY_TOO_LARGE", 1]);
  });

  test("is one entry in the operators' journal, with its counts; a dry run is none", async () => {
    const entries = async (): Promise<Json[]> => good(await shop.operator.get("/admin/journal?operation=importCatalog&limit=100"), 200).entries;
    const [dryRun, imported] = [randomUUID(), randomUUID()];
    await send(ndjson([article("J4")]), { path: `${PATH}?dryRun=true`, requestId: dryRun });
    await send(ndjson([article("J1"), article("J2"), { externalId: "J3" }]), { requestId: imported });
    const ofThese = async (): Promise<Json[]> => (await entries()).filter(({ requestId }) => [dryRun, imported].includes(requestId));
    let now = await ofThese();
    while (now.length === 0) now = await ofThese();
    assert.deepEqual(
      now.map(({ requestId, counts }) => [requestId, counts]),
      [[imported, { lines: 3, created: 2, updated: 0, unchanged: 0, refused: 1 }]],
    );
  });

  test("is for operators who may change the catalog, and takes NDJSON only", async () => {
    const type = { "content-type": "application/x-ndjson" };
    refused(await (await shop.user()).post(PATH, "", type), 403, "FORBIDDEN");
    refused(await shop.operator.post(PATH, {}), 415, "UNSUPPORTED_MEDIA_TYPE");
    refused(await shop.operator.post("/admin/products", "{}", type), 415, "UNSUPPORTED_MEDIA_TYPE");
    assert.match((await shop.operator.post(PATH, "\n\n", type)).text, /^{"lines":0,/);
  });
});
