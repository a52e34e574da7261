// Products of another system: PUT by external id, and the import of whole catalogs.

import assert from "node:assert/strict";
import { type ClientRequest, request } from "node:http";
import { after, before, test } from "node:test";
import { good, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop({ env: { LOG_LEVEL: "error" } })));
after(() => shop.close());

const PATH = "/admin/catalog/import";

type Result = Record<string, unknown> & { line?: number; result?: string; problem?: { code: string; errors?: { path: string }[] } };

/** Sends the text in pieces and returns the lines of the answer. */
async function send(text: string, { path = PATH, pieces = 1 } = {}): Promise<{ status: number; lines: Result[] }> {
  const { sent, answer } = open(path);
  const bytes = Buffer.from(text);
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    sent.write(bytes.subarray(at, at + size));
    if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  sent.end();
  const { status, body } = await answer;
  return { status, lines: body.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Result) };
}

function open(path = PATH, onData: (text: string) => void = () => {}): { sent: ClientRequest; answer: Promise<{ status: number; body: string }> } {
  const headers = { authorization: `Bearer ${shop.operator.token}`, "content-type": "application/x-ndjson" };
  const sent = request(new URL(path, shop.url), { method: "POST", headers });
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
const bare = ({ lines }: { lines: Result[] }): unknown[] => lines.map(({ line, result, problem }) => (line === undefined ? "counts" : `${line} ${result ?? problem?.code}`));

test("smoke", async () => {
  const answer = await send(ndjson([article("a"), article("b"), article("a", { name: "later" }), { nonsense: 1 }]) + "\n{broken}\n" + JSON.stringify(article("c")));
  console.log(JSON.stringify(answer, null, 1));
  console.log(bare(await send(ndjson([article("a")]), { pieces: 50 })));
  console.log(JSON.stringify(await send(ndjson([article("a", { name: "nochmal", tags: ["x"] })]), { path: `${PATH}?dryRun=true` })));
  console.log(good(await shop.operator.send("PUT", "/admin/products/by-external-id/k%2F1", { name: "x", price: 1, stock: 2 }), 201));
  console.log(good(await shop.operator.send("PUT", "/admin/products/by-external-id/k%2F1", { name: "x", price: 1, stock: 3 }), 200));
  const rows = Array.from({ length: 5000 }, (_, i) => article(`N${i}`));
  const t = performance.now();
  const first = await send(ndjson(rows));
  console.log(first.lines.at(-1), performance.now() - t);
  const u = performance.now();
  console.log((await send(ndjson(rows))).lines.at(-1), performance.now() - u);

});
