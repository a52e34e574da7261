// Serving the web pages: only to browsers, compressed, cached forever under hashed names, and with
// a content security policy that allows no foreign code.

import assert from "node:assert/strict";
import { get, type IncomingHttpHeaders } from "node:http";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { good, openTestShop, refused, type TestShop } from "../support/shop.ts";

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

/** The paths of the assets that a page refers to. */
const assetsOf = (html: string): string[] =>
  [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string).filter((path) => path !== "/manifest.webmanifest");

// The test fails without the check of `accept` (web pages) and of `config?.page` (404 handler).
test("a page is served to browsers only, and other clients get 404 at its path", async () => {
  for (const path of ["/", "/console"]) {
    const page = await fetchRaw(path, HTML);
    assert.equal(page.status, 200);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.match(page.bytes.toString(), /^<!doctype html>/);
    assert.match(String(page.headers.vary), /Accept/);
    for (const accept of ["*/*", "application/json"]) {
      const missing = await fetchRaw(path, { accept });
      assert.deepEqual([missing.status, JSON.parse(missing.bytes.toString()).code], [404, "NOT_FOUND"]);
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      const missing = await fetch(new URL(path, shop.url), { method, headers: HTML });
      assert.deepEqual([missing.status, missing.headers.get("allow")], [404, null]);
    }
  }
  const missing = await fetchRaw("/assets/nothing-12345678.js", {});
  assert.equal(missing.status, 404);
});

// The test fails if the server ignores Accept-Encoding (ENCODINGS).
test("a compressed asset decompresses to the uncompressed asset", async () => {
  const script = assetsOf((await fetchRaw("/", HTML)).bytes.toString()).find((asset) => asset.endsWith(".js"));
  const plain = await fetchRaw(script as string, {});
  assert.equal(plain.headers["content-encoding"], undefined);
  const brotli = await fetchRaw(script as string, { "accept-encoding": "gzip, br;q=0.5" });
  assert.equal(brotli.headers["content-encoding"], "br");
  assert.deepEqual(brotliDecompressSync(brotli.bytes), plain.bytes);
  const gzip = await fetchRaw(script as string, { "accept-encoding": "gzip, br;q=0" });
  assert.equal(gzip.headers["content-encoding"], "gzip");
  assert.deepEqual(gunzipSync(gzip.bytes), plain.bytes);
});

test("a page is revalidated on each request, and its assets are immutable", async () => {
  const page = await fetchRaw("/", HTML);
  assert.equal(page.headers["cache-control"], "no-cache");
  const again = await fetchRaw("/", { ...HTML, "if-none-match": String(page.headers.etag) });
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  const assets = assetsOf(page.bytes.toString());
  assert.ok(assets.length >= 3);
  for (const asset of assets) {
    assert.match(asset, /^\/assets\/[\w.-]+-[\w-]{8}\.\w+$/, "same origin, with a hash in the name");
    const { status, headers } = await fetchRaw(asset, {});
    assert.deepEqual([status, headers["cache-control"]], [200, "public, max-age=31536000, immutable"]);
  }
});

// The test fails without the content security policy (POLICY).
test("a page runs only its own files and cannot be framed", async () => {
  for (const path of ["/", "/console"]) {
    const { headers, bytes } = await fetchRaw(path, HTML);
    const policy = String(headers["content-security-policy"]);
    for (const directive of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      assert.ok(policy.split("; ").includes(directive), directive);
    assert.doesNotMatch(policy, /unsafe|https?:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    const html = bytes.toString();
    assert.doesNotMatch(html, /<style|<script(?![^>]* src=)|\son\w+=|style="/);
  }
});

// A page has more assets than RATE_LIMIT allows requests per second, so assets are exempt.
test("a rate limit does not leave a page half loaded", async () => {
  const limited = await openTestShop({ beside: shop, env: { RATE_LIMIT: "1" } });
  try {
    const assets = assetsOf((await fetchRaw("/", HTML, limited.url)).bytes.toString());
    for (const { status } of await Promise.all([...assets, ...assets].map((asset) => fetchRaw(asset, {}, limited.url)))) assert.equal(status, 200);
    await limited.anyone("GET", "/products");
    refused(await limited.anyone("GET", "/products"), 429, "TOO_MANY_REQUESTS");
  } finally {
    await limited.close();
  }
});

// The test fails if POLICY names another host, or the page of the window is served without a window.
test("only the page that opens the payment window lets the gateway's SDK run, and only if a client key is set", async () => {
  for (const path of ["/pay", "/pay/success", "/pay/fail"]) assert.equal((await fetchRaw(path, HTML)).status, 404, path);
  const gateway = {
    PAYMENT_GATEWAY_URL: "https://api.tosspayments.com",
    PAYMENT_GATEWAY_SECRET: "test_sk_x",
    PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_x",
  };
  const withWindow = await openTestShop({ env: gateway });
  try {
    const policyOf = async (path: string): Promise<string> => String((await fetchRaw(path, HTML, withWindow.url)).headers["content-security-policy"]);
    assert.match(await policyOf("/pay"), /script-src 'self' https:\/\/js\.tosspayments\.com https:\/\/\*\.tosspayments\.com;/);
    const strict = await policyOf("/");
    assert.doesNotMatch(strict, /tosspayments/);
    for (const path of ["/console", "/pay/success", "/pay/fail"]) assert.equal(await policyOf(path), strict, path);
    const { paymentWindow } = (await (await fetch(`${withWindow.url}/shop`)).json()) as { paymentWindow: unknown };
    assert.deepEqual(paymentWindow, {
      clientKey: "test_ck_x",
      sdkUrl: "https://js.tosspayments.com/v2/standard",
      depositHours: 24,
      methods: ["CARD", "EASY_PAY"],
    });
  } finally {
    await withWindow.close();
  }
});

// The test fails without `escaped` or `inLanguage` (share-tags.ts) or the check of `rehearsalId` (shared-product.ts).
test("a link to a product or a drop carries its name for messengers, and an unknown page is 404", async () => {
  const product = await shop.product({ name: 'Moon "jar" <b>', description: "Thrown on the wheel", price: 1000, stock: 5 });
  const drop = { name: "Moon drop", productId: product.id, opensAt: "2099-01-01T00:00:00Z" };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", drop), 201);
  const pageAt = async (path: string) => fetchRaw(path, HTML);
  const html = (await pageAt(`/store/products/${product.id}`)).bytes.toString();
  assert.match(html, /<meta property="og:title" content="Moon &quot;jar&quot; &lt;b&gt;" \/>/);
  assert.match(html, /<meta property="og:description" content="Thrown on the wheel" \/>/);
  assert.ok(html.includes(`<meta property="og:url" content="${new URL(`/store/products/${product.id}`, shop.url).href}" />`));
  assert.match((await pageAt(`/store/drops/${dropId}`)).bytes.toString(), /<meta property="og:title" content="Moon drop" \/>/);
  const pair = await shop.product({ name: "달항아리 · Moon jar", description: "물레로 빚었습니다. · Thrown on the wheel.", price: 1000, stock: 5 });
  const card = (await pageAt(`/store/products/${pair.id}`)).bytes.toString();
  assert.match(card, /<meta property="og:title" content="달항아리" \/>/);
  assert.match(card, /<meta property="og:description" content="물레로 빚었습니다." \/>/);
  for (const path of ["/store/coupons", `/store/orders/${product.id}`]) assert.equal((await pageAt(path)).status, 200, path);
  for (const path of ["/store/nothing", `/store/products/${dropId}`, "/store/drops/x"]) {
    const missing = await pageAt(path);
    assert.deepEqual([missing.status, missing.headers["content-type"]], [404, "text/html; charset=utf-8"], path);
    assert.ok(String(missing.headers["content-security-policy"]).includes("script-src 'self'"));
  }
  assert.equal((await fetchRaw("/store/coupons", { accept: "application/json" })).status, 404);
});

test("a page of the storefront's second file loads that file beside the first one", async () => {
  const product = await shop.product({ name: "Jar", stock: 1 });
  const drop = { name: "Jar drop", productId: product.id, opensAt: "2099-01-01T00:00:00Z" };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", drop), 201);
  const preloadOf = async (path: string) => /<link rel="modulepreload" href="([^"]+)" \/>/.exec((await fetchRaw(path, HTML)).bytes.toString())?.[1];
  for (const path of ["/store/coupons", "/store/checkout", `/store/drops/${dropId}`]) {
    const preload = (await preloadOf(path)) ?? assert.fail(path);
    assert.match(preload, /^\/assets\/later-/);
    assert.equal((await fetchRaw(preload, {})).headers["content-type"], "text/javascript; charset=utf-8");
  }
  const { headers } = await fetchRaw("/store/coupons", HTML);
  assert.equal((await fetchRaw("/store/coupons", { ...HTML, "if-none-match": String(headers.etag) })).status, 304);
  assert.notEqual(headers.etag, (await fetchRaw("/", HTML)).headers.etag);
  assert.equal(await preloadOf(`/store/products/${product.id}`), undefined);
});

test("pages may load images from the origins of IMAGE_ORIGINS, and from no other", async () => {
  const images = async (at: string) =>
    /img-src ([^;]*);/.exec(String((await fetchRaw("/store/coupons", HTML, at)).headers["content-security-policy"]))?.[1];
  assert.equal(await images(shop.url), "'self' data:");
  const withImages = await openTestShop({ beside: shop, env: { IMAGE_ORIGINS: "https://images.example" } });
  try {
    assert.equal(await images(withImages.url), "'self' data: https://images.example");
  } finally {
    await withImages.close();
  }
});

test("the web manifest names the shop, and its icon exists", async () => {
  const named = await openTestShop({ beside: shop, env: { BUSINESS_NAME: "장날상회" } });
  try {
    const { headers, bytes } = await fetchRaw("/manifest.webmanifest", {}, named.url);
    const manifest = JSON.parse(bytes.toString()) as { name: string; icons: { src: string }[] };
    assert.deepEqual([headers["content-type"], manifest.name], ["application/manifest+json; charset=utf-8", "장날상회"]);
    assert.equal((await fetchRaw(manifest.icons[0]?.src as string, {}, named.url)).status, 200);
    const { business, returnWithinDays } = (await (await fetch(`${named.url}/shop`)).json()) as {
      business: Record<string, unknown>;
      returnWithinDays: number;
    };
    assert.deepEqual([business["name"], business["owner"], returnWithinDays], ["장날상회", null, 7]);
  } finally {
    await named.close();
  }
});
