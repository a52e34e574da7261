// How the pages are served: to browsers, compressed, kept for good by name, and with a policy under which nothing foreign runs.

import assert from "node:assert/strict";
import { get, type IncomingHttpHeaders } from "node:http";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

function fetchRaw(
  path: string,
  headers: Record<string, string>,
  at = shop.url,
): Promise<{ status: number; headers: IncomingHttpHeaders; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    get(new URL(path, at), { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }));
    }).on("error", reject);
  });
}

/** The parts that a page names. */
const partsOf = (html: string): string[] => [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);

// Goes red without the look at `accept` in faces.ts, and without `config?.face` in unknown.ts.
test("a page is there for browsers; for everybody else its place is as empty as ever", async () => {
  for (const path of ["/", "/console"]) {
    const page = await fetchRaw(path, HTML);
    assert.equal(page.status, 200);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.match(page.bytes.toString(), /^<!doctype html>/);
    assert.match(String(page.headers.vary), /Accept/);
    for (const accept of ["*/*", "application/json"]) {
      const none = await fetchRaw(path, { accept });
      assert.deepEqual([none.status, JSON.parse(none.bytes.toString()).code], [404, "NOT_FOUND"]);
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      const none = await fetch(new URL(path, shop.url), { method, headers: HTML });
      assert.deepEqual([none.status, none.headers.get("allow")], [404, null]);
    }
  }
  const none = await fetchRaw("/assets/nothing-12345678.js", {});
  assert.equal(none.status, 404);
});

// Goes red without ENCODINGS being looked through in faces.ts.
test("what is sent compressed is what is sent plain", async () => {
  const script = partsOf((await fetchRaw("/", HTML)).bytes.toString()).find((part) => part.endsWith(".js"));
  const plain = await fetchRaw(script as string, {});
  assert.equal(plain.headers["content-encoding"], undefined);
  const brotli = await fetchRaw(script as string, { "accept-encoding": "gzip, br;q=0.5" });
  assert.equal(brotli.headers["content-encoding"], "br");
  assert.deepEqual(brotliDecompressSync(brotli.bytes), plain.bytes);
  const gzip = await fetchRaw(script as string, { "accept-encoding": "gzip, br;q=0" });
  assert.equal(gzip.headers["content-encoding"], "gzip");
  assert.deepEqual(gunzipSync(gzip.bytes), plain.bytes);
});

test("a page is asked for anew, its parts never: their names change with them", async () => {
  const page = await fetchRaw("/", HTML);
  assert.equal(page.headers["cache-control"], "no-cache");
  const again = await fetchRaw("/", { ...HTML, "if-none-match": String(page.headers.etag) });
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  const parts = partsOf(page.bytes.toString());
  assert.ok(parts.length >= 3);
  for (const part of parts) {
    assert.match(part, /^\/assets\/[\w.-]+-[\w-]{8}\.\w+$/, "from here, and with a hash in its name");
    const { status, headers } = await fetchRaw(part, {});
    assert.deepEqual([status, headers["cache-control"]], [200, "public, max-age=31536000, immutable"]);
  }
});

// Goes red without POLICY in faces.ts.
test("nothing in a page runs but its own files, and nobody can show it inside another", async () => {
  for (const path of ["/", "/console"]) {
    const { headers, bytes } = await fetchRaw(path, HTML);
    const policy = String(headers["content-security-policy"]);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      assert.ok(policy.split("; ").includes(part), part);
    assert.doesNotMatch(policy, /unsafe|https?:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    const html = bytes.toString();
    assert.doesNotMatch(html, /<style|<script(?![^>]* src=)|\son\w+=|style="/);
  }
});

// Goes red without `unlimited` in faces.ts: a page has more parts than a caller has requests.
test("a limit on requests does not leave a page half loaded", async () => {
  const limited = await openTestShop({ beside: shop, env: { RATE_LIMIT: "1" } });
  try {
    const parts = partsOf((await fetchRaw("/", HTML, limited.url)).bytes.toString());
    for (const { status } of await Promise.all([...parts, ...parts].map((part) => fetchRaw(part, {}, limited.url)))) assert.equal(status, 200);
    await limited.anyone("GET", "/products");
    refused(await limited.anyone("GET", "/products"), 429, "TOO_MANY_REQUESTS");
  } finally {
    await limited.close();
  }
});
