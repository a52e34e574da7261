// The examples in the OpenAPI document. A morning in a Korean shop runs through every operation and
// the main refusals. Each request and response is compared with src/http/openapi/examples.json, the
// source of the document's examples. UPDATE_EXAMPLES=1 rewrites that file.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Example, Examples } from "../../src/http/openapi/examples.ts";
import { closeSoon } from "../support/close-soon.ts";
import { whileHeld } from "../support/hold.ts";
import { PlainExamples } from "../support/plain-example.ts";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { type Answer, call, type Client, good, type Json, openTestShop, type TestShop } from "../support/shop.ts";

const STARTED_AT = Date.now();
const FILE = join(import.meta.dirname, "../../src/http/openapi/examples.json");
const DAY_MS = 86_400_000;

let shop: TestShop;
let document: Json;
let routes: Map<string, { method: string; path: string }>;
const recorded: Examples = {};
const plainExamples = new PlainExamples("Asia/Seoul");

before(async () => {
  shop = await openTestShop();
  document = good(await shop.anyone("GET", "/openapi.json"), 200);
  routes = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Json).map(([method, { operationId }]: [string, Json]) => [operationId, { method: method.toUpperCase(), path }]),
    ),
  );
});
after(() => shop.close());

const REQUEST_ID = "checkout-20261129-0001";
type Request = { params?: Record<string, string | number | boolean>; body?: unknown; headers?: Record<string, string>; at?: string };

/**
 * Sends the request as this caller, or without a token if null, records the example and returns the
 * response's body.
 */
async function show(
  caller: Client | null,
  operationId: string,
  name: string,
  status: number,
  { params = {}, body, headers = {}, at = shop.url }: Request = {},
): Promise<Json> {
  const { method, path } = routes.get(operationId) as { method: string; path: string };
  const query = Object.entries(params).filter(([key]) => !path.includes(`{${key}}`));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => String(params[key]));
  const url = query.length === 0 ? filled : `${filled}?${new URLSearchParams(query.map(([key, value]): [string, string] => [key, String(value)]))}`;
  const authorization: Record<string, string> = caller ? { authorization: `Bearer ${caller.token}` } : {};
  const toPlain = plainExamples.next();
  const answer = await call(at, method, url, body, { ...authorization, "x-request-id": REQUEST_ID, ...headers });
  good(answer, status);
  const value = STABLE[operationId]?.(answer) ?? answer.body;
  const example: Example = {
    name,
    ...(Object.keys(params).length > 0 ? { params: toPlain(params) as Record<string, unknown> } : {}),
    // A body that is refused for its syntax is not worth showing.
    ...(body === undefined || typeof body === "string" ? {} : { body: toPlain(body) }),
    status,
    ...(value === "" ? {} : { answer: toPlain(value) }),
  };
  (recorded[operationId] ??= []).push(example);
  // Two examples must not share an instant, because plain times are assigned by instant.
  const endedAt = Date.now();
  while (Date.now() <= endedAt) await new Promise((resolve) => setImmediate(resolve));
  return answer.body;
}

const STABLE_HASH = "6bb1e12bed7b8ec84adedee0e8dbb42ae88e7de1a6e378b9a4ed46eac8c10fe8";

/** The stable part of responses that differ in each run. */
const STABLE: Record<string, (answer: Answer) => unknown> = {
  metrics: ({ text }) => excerpt(text),
  listJobs: ({ body }) => stableRuns(body),
  listJournal: ({ body }) => ({ ...body, entries: body.entries.map((entry: Json) => ({ ...entry, requestId: REQUEST_ID, hash: STABLE_HASH })) }),
  // The simulator's key ends in the order's id.
  listPaymentsAttention: ({ body }) => ({
    ...body,
    payments: body.payments.map((one: Json) => ({ ...one, paymentKey: "tgen_20261120100012abcd3" })),
  }),
  watchLive: ({ text }) => stableSnapshot(text),
  getDropReport: ({ status, body }) => (status === 200 ? { ...body, soldOutAfterMs: null } : body),
  getDraw: ({ status, body }) =>
    status === 200 ? { ...body, commitment: "9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885" } : body,
  getDrawFile: ({ status, text, body }) =>
    status === 200
      ? text
          .replace(/"commitment":"[^"]*"/, `"commitment":"9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885"`)
          .replace(/"dropId":"[^"]*"/, `"dropId":"${UNKNOWN_ID}"`)
      : body,
  watchDrop: ({ status, text, body }) => (status === 200 ? text.replace(/"serverTime":"[^"]*"/, `"serverTime":"2026-11-20T09:00:00.000Z"`) : body),
  importCatalog: ({ text }) => text.replaceAll(/"id":"[^"]*"/g, `"id":"${UNKNOWN_ID}"`),
  getRehearsal: ({ body }) => (body.report ? { ...body, report: stableReport(body.report) } : body),
  stopRehearsal: ({ body }) => (body.report ? { ...body, report: stableReport(body.report) } : body),
  listRehearsals: ({ body }) => ({ ...body, rehearsals: body.rehearsals.map((one: Json) => ({ ...one, report: stableReport(one.report) })) }),
};

/** Durations differ in each run. */
function stableReport({ claims, orders, timeline, ...report }: Json): unknown {
  const latencyMs = { p50: 4.9, p95: 9.4, p99: 11.5, max: 11.5 };
  const stable = (side: Json) => ({ ...side, latencyMs, order: { ...side.order, farthest: side.order.farthest === null ? null : 0 } });
  const point = { claims: claims.succeeded, orders: orders.succeeded, refused: 2 * claims.asked - claims.succeeded - orders.succeeded };
  return {
    ...report,
    tookMs: 96,
    claims: stable(claims),
    orders: stable(orders),
    timeline: { ...timeline, stretchMs: 100, points: [{ ...point, p50: 4.9, p99: 11.5 }] },
  };
}

/** The snapshot of an idle second, without measurements of the machine. */
function stableSnapshot(text: string): string {
  const [, data = "{}"] = /^data: (.*)$/m.exec(text) ?? [];
  const { perSecond, roundSize, waiting, latencyMs } = JSON.parse(data);
  const at = "2026-11-20T01:00:01.000Z";
  return `event: second\ndata: ${JSON.stringify({ at, perSecond: { ...perSecond, answers: 1, flushes: 0 }, roundSize, waiting, latencyMs })}\n\n`;
}

/** Of all metrics only those of one route. */
function excerpt(text: string): string {
  return `${text
    .split("\n")
    .filter((line) => /^# (HELP|TYPE) jangnal_http_answers_total|^jangnal_http_answers_total.*route="\/orders"/.test(line))
    .join("\n")}\n`;
}

/**
 * The requested run, and of other jobs the run at the start, because the clock may have run them
 * since.
 */
function stableRuns({ jobs }: { jobs: { name: string; schedule: string; lastRuns: { startedAt: string; result: unknown }[] }[] }): unknown {
  return {
    jobs: jobs.map(({ name, schedule, lastRuns }) => {
      const run = lastRuns.at(name === "aggregate-sales" ? 0 : -1);
      return { name, schedule, lastRunAt: run?.startedAt, lastResult: run?.result, lastRuns: [run] };
    }),
  };
}

/**
 * Waits until jobs have run at the start and the full hour is not near, so that their counts are
 * stable.
 */
async function quietJobs(): Promise<void> {
  const toTheHour = 3_600_000 - (Date.now() % 3_600_000);
  if (toTheHour < 20_000) await new Promise((resolve) => setTimeout(resolve, toTheHour + 2000));
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { jobs } = good(await shop.operator.get("/admin/jobs"), 200);
    if (jobs.every((job: { lastRunAt: string | null }) => job.lastRunAt !== null)) return;
    assert.ok(Date.now() < deadline, "the jobs have not run at the start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function delivered(): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (good(await shop.operator.get("/admin/events?status=WAITING"), 200).events.length > 0) {
    assert.ok(Date.now() < deadline, "events are not delivered");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a morning in the shop matches the documented examples", async (t) => {
  await quietJobs();
  const operator = shop.operator;

  // The shop opens.
  await show(null, "health", "The process is alive", 200);
  await show(operator, "watchLive", "A quiet second", 200, { params: { seconds: 1 } });
  await show(null, "readiness", "Ready", 200);
  const minsu = shop.client((await show(operator, "createUsers", "One user", 201, { body: { name: "김민수", externalId: "member-1024" } })).id);
  const { users } = await show(operator, "createUsers", "Several users", 201, {
    body: { users: [{ name: "이서연", externalId: "member-1025" }, { name: "박지우" }] },
  });
  const [seoyeon, jiwoo] = users.map(({ id }: { id: string }) => shop.client(id)) as [Client, Client];
  await show(operator, "createUsers", "INVALID_REQUEST: the external id is taken", 400, { body: { name: "김민수", externalId: "member-1024" } });
  await show(operator, "listUsers", "The first two", 200, { params: { limit: 2 } });
  await show(operator, "getUser", "김민수", 200, { params: { id: minsu.id } });
  await show(operator, "editUser", "Another name", 200, { params: { id: jiwoo.id }, body: { name: "이지우", metadata: { tier: "vip" } } });
  await show(operator, "editUser", "INVALID_REQUEST: the external id is taken", 400, {
    params: { id: jiwoo.id },
    body: { externalId: "member-1024" },
  });
  const left = await show(operator, "createUsers", "A user who will leave", 201, { body: { name: "박서준", externalId: "member-4096" } });
  await show(operator, "eraseUser", "At the user's request", 200, { params: { id: left.id }, body: { reason: "탈퇴 요청" } });
  await show(operator, "eraseUser", "USER_NOT_FOUND", 404, { params: { id: UNKNOWN_ID }, body: { reason: "탈퇴 요청" } });
  await show(minsu, "getMe", "김민수", 200);
  await show(operator, "getMe", "USER_NOT_FOUND: an operator need not be a user", 404);
  await show(operator, "grantBalances", "A welcome bonus", 200, {
    body: {
      grants: [
        { userId: seoyeon.id, amount: 50_000, reason: "가입 환영 적립금" },
        { userId: jiwoo.id, amount: 30_000, reason: "가입 환영 적립금" },
      ],
    },
  });
  await show(operator, "revokeBalances", "A part of the bonus", 200, {
    body: { revocations: [{ userId: jiwoo.id, amount: 1000, reason: "중복 지급" }] },
  });
  await show(operator, "revokeBalances", "BALANCE_INSUFFICIENT: more than was granted", 400, {
    body: { revocations: [{ userId: jiwoo.id, amount: 1_000_000, reason: "중복 지급" }] },
  });
  await show(operator, "grantBalances", "USER_NOT_FOUND: the whole list is refused", 404, {
    body: {
      grants: [
        { userId: jiwoo.id, amount: 5_000, reason: "이벤트" },
        { userId: UNKNOWN_ID, amount: 5_000, reason: "이벤트" },
      ],
    },
  });

  const tangerines = await show(operator, "createProducts", "One product, one variant", 201, {
    body: { name: "제주 노지 감귤 5kg", description: "서귀포에서 오늘 딴 감귤", price: 19_900, stock: 40 },
  });
  const scarf = await show(operator, "createProducts", "One product, two variants", 201, {
    body: {
      externalId: "ERP-2041",
      name: "한산 모시 손수건",
      images: [{ url: "https://cdn.example/mosi.jpg", alt: "모시 손수건 두 장" }],
      tags: ["한산모시", "선물"],
      metadata: { supplier: "한산모시조합" },
      variants: [
        { sku: "MOSI-W", options: { 색상: "백색" }, price: 12_000, stock: 15 },
        { sku: "MOSI-I", options: { 색상: "쪽빛" }, price: 14_000, stock: 3 },
      ],
    },
  });
  const { products } = await show(operator, "createProducts", "Several products", 201, {
    body: {
      products: [
        { name: "안동 간고등어 2손", price: 15_500, stock: 1 },
        { name: "담양 죽순 1kg", price: 9_800, stock: 20, status: "NOT_FOR_SALE" },
      ],
    },
  });
  const [mackerel, bamboo] = products;
  await show(operator, "createProducts", "INVALID_REQUEST: the price is missing", 400, { body: { name: "이천 쌀 10kg", stock: 5 } });
  await show(operator, "editProduct", "A better description", 200, {
    params: { id: tangerines.id },
    body: { description: "서귀포에서 오늘 아침에 딴 노지 감귤" },
  });
  await show(operator, "addVariant", "A third color", 201, {
    params: { id: scarf.id },
    body: { sku: "MOSI-R", options: { 색상: "홍색" }, price: 14_000, stock: 0 },
  });
  await show(operator, "addVariant", "INVALID_REQUEST: a SKU in use", 400, {
    params: { id: scarf.id },
    body: { sku: "MOSI-W", options: { 색상: "흑색" }, price: 14_000, stock: 0 },
  });
  await show(operator, "editVariant", "VERSION_CONFLICT: an old version", 409, {
    params: { id: scarf.variants[1].id },
    body: { price: 13_000, version: 7 },
  });
  await show(operator, "editVariant", "An image of the color", 200, {
    params: { id: scarf.variants[1].id },
    body: { imageUrl: "https://cdn.example/mosi-indigo.jpg", metadata: { shelf: "B-12" } },
  });
  await show(operator, "findVariants", "The variant of a barcode", 200, { params: { sku: "MOSI-W" } });
  await show(operator, "putProduct", "A product of another system, made", 201, {
    params: { externalId: "ERP-3001" },
    body: { name: "강화 순무김치 1kg", price: 13_000, stock: 25 },
  });
  await show(operator, "putProduct", "The next night, with a new price", 200, {
    params: { externalId: "ERP-3001" },
    body: { name: "강화 순무김치 1kg", price: 12_500, stock: 30 },
  });
  await show(operator, "putProduct", "INVALID_REQUEST: a new product needs a name, a price and a stock", 400, {
    params: { externalId: "ERP-3003" },
    body: { tags: ["예약"] },
  });
  await show(operator, "importCatalog", "UNSUPPORTED_MEDIA_TYPE: not NDJSON", 415, { body: { externalId: "ERP-3001", price: 12_500 } });
  await show(operator, "importCatalog", "Two lines, the second without a price", 200, {
    headers: { "content-type": "application/x-ndjson" },
    body: `{"externalId":"ERP-3001","price":12500}\n{"externalId":"ERP-3002","name":"봉평 메밀가루 1kg","stock":3}\n`,
  });
  await show(operator, "changeStock", "A delivery, and a count in the warehouse", 200, {
    body: {
      changes: [
        { sku: "MOSI-R", delta: 12, reason: "입고" },
        { sku: "MOSI-W", stock: 14, expected: 15, reason: "실사" },
      ],
    },
  });
  await show(operator, "changeStock", "INVALID_REQUEST: every faulty row is named", 400, {
    body: {
      changes: [
        { sku: "MOSI-X", delta: 1, reason: "입고" },
        { sku: "MOSI-I", delta: -9, reason: "파손" },
      ],
    },
  });
  await show(operator, "editProduct", "INVALID_REQUEST: one price for several variants", 400, { params: { id: scarf.id }, body: { price: 11_000 } });
  await show(operator, "adjustStock", "Ten boxes arrive", 200, { params: { id: tangerines.variants[0].id }, body: { delta: 10, reason: "입고" } });
  await show(operator, "listStockAdjustments", "Initial stock and one delivery", 200, { params: { id: tangerines.variants[0].id } });
  await show(operator, "adjustStock", "STOCK_INSUFFICIENT: fewer in stock", 400, {
    params: { id: mackerel.variants[0].id },
    body: { delta: -5, reason: "파손" },
  });

  const soon = new Date(Date.now() + DAY_MS).toISOString();
  const inAMonth = new Date(Date.now() + 30 * DAY_MS).toISOString();
  const welcome = await show(operator, "createCoupon", "5,000 won off, first come, first served", 201, {
    body: {
      name: "첫 장날 5,000원 쿠폰",
      discount: { type: "FIXED", amount: 5_000, minOrderAmount: 20_000 },
      totalQuantity: 2,
      closesAt: inAMonth,
      validDays: 7,
    },
  });
  const tomorrow = await show(operator, "createCoupon", "20 percent off, from tomorrow", 201, {
    body: {
      name: "김장철 20% 쿠폰",
      discount: { type: "PERCENTAGE", rate: 20, maxAmount: 10_000 },
      totalQuantity: 100,
      opensAt: soon,
      expiresAt: inAMonth,
    },
  });
  await show(operator, "createCoupon", "INVALID_REQUEST: a rate above 100", 400, {
    body: { name: "김장철 쿠폰", discount: { type: "PERCENTAGE", rate: 120 }, totalQuantity: 100 },
  });
  const vip = await show(operator, "createCoupon", "A private campaign for members", 201, {
    body: {
      name: "VIP 감사 쿠폰",
      discount: { type: "FIXED", amount: 10_000 },
      totalQuantity: 100,
      expiresAt: inAMonth,
      visibility: "PRIVATE",
      metadata: { channel: "crm" },
    },
  });
  await show(operator, "editCoupon", "Another name", 200, { params: { id: tomorrow.id }, body: { name: "김장 준비 20% 쿠폰" } });
  await show(operator, "editCoupon", "VERSION_CONFLICT: another edit came first", 409, {
    params: { id: tomorrow.id },
    body: { name: "김장 쿠폰", version: tomorrow.version },
  });
  await show(operator, "editCoupon", "COUPON_NOT_FOUND", 404, { params: { id: UNKNOWN_ID }, body: { name: "김장 준비 쿠폰" } });

  // Shoppers browse.
  await show(null, "listProducts", "Cheapest first, two a page", 200, { params: { limit: 2, sort: "price" } });
  await show(null, "listProducts", "A search", 200, { params: { q: "감귤" } });
  await show(null, "listProducts", "INVALID_REQUEST: no more than 100 a page", 400, { params: { limit: 500 } });
  await show(null, "getProduct", "A product with two variants", 200, { params: { productId: scarf.id } });
  await show(null, "getProduct", "PRODUCT_NOT_FOUND", 404, { params: { productId: UNKNOWN_ID } });
  await show(null, "getProduct", "INVALID_PRODUCT_ID", 400, { params: { productId: "감귤" } });
  await show(null, "listPopularProducts", "No sales yet", 200);
  await show(null, "listCoupons", "Two campaigns", 200);
  await show(null, "getCoupon", "An open campaign", 200, { params: { couponId: welcome.id } });
  await show(null, "getCoupon", "COUPON_NOT_FOUND", 404, { params: { couponId: UNKNOWN_ID } });
  await show(null, "explainProblem", "STOCK_INSUFFICIENT", 200, { params: { slug: "stock-insufficient" } });
  await show(null, "explainProblem", "NOT_FOUND", 404, { params: { slug: "out-of-mandarins" } });

  // Coupons.
  const mine = await show(minsu, "issueCoupon", "Claimed", 201, { params: { couponId: welcome.id } });
  await show(minsu, "issueCoupon", "COUPON_ALREADY_ISSUED", 409, { params: { couponId: welcome.id } });
  await show(operator, "issueCoupon", "On a user's behalf", 201, { params: { couponId: welcome.id }, body: { userId: jiwoo.id } });
  await show(seoyeon, "issueCoupon", "COUPON_SOLD_OUT", 409, { params: { couponId: welcome.id } });
  await show(operator, "issueCoupons", "To two users, one of whom has it", 200, {
    params: { id: vip.id },
    body: { userIds: [jiwoo.id, seoyeon.id] },
  });
  await show(operator, "issueCoupons", "USER_NOT_FOUND", 404, { params: { id: vip.id }, body: { userIds: [jiwoo.id, UNKNOWN_ID] } });
  await show(operator, "voidCoupons", "Issued by mistake", 200, { params: { id: vip.id }, body: { reason: "잘못 발행" } });
  await show(operator, "voidCoupons", "COUPON_NOT_FOUND", 404, { params: { id: UNKNOWN_ID }, body: { reason: "잘못 발행" } });
  await show(operator, "closeCoupon", "Closed by an operator", 200, { params: { id: welcome.id } });
  await show(operator, "closeCoupon", "COUPON_NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });
  await show(seoyeon, "issueCoupon", "COUPON_CLOSED: not open yet", 409, { params: { couponId: tomorrow.id } });
  await show(minsu, "listUserCoupons", "Available coupons", 200, { params: { userId: minsu.id, status: "AVAILABLE" } });

  // Balances.
  await show(minsu, "chargeBalance", "30,000 won", 200, { params: { userId: minsu.id }, body: { amount: 30_000 } });
  await show(minsu, "openCharge", "Announced, for the gateway's window", 201, { params: { userId: minsu.id }, body: { amount: 30_000 } });
  await show(operator, "openCharge", "USER_NOT_FOUND", 404, { params: { userId: UNKNOWN_ID }, body: { amount: 10_000 } });
  await show(minsu, "chargeBalance", "Only at the version that was read", 200, {
    params: { userId: minsu.id },
    body: { amount: 10_000, version: 1 },
  });
  await show(minsu, "chargeBalance", "BALANCE_CONFLICT: another version", 409, {
    params: { userId: minsu.id },
    body: { amount: 10_000, version: 1 },
  });
  await show(minsu, "chargeBalance", "INVALID_AMOUNT", 400, { params: { userId: minsu.id }, body: { amount: -500 } });
  await show(operator, "chargeBalance", "USER_NOT_FOUND", 404, { params: { userId: UNKNOWN_ID }, body: { amount: 10_000 } });
  await show(minsu, "getBalance", "김민수's balance", 200, { params: { userId: minsu.id } });
  await show(null, "getBalance", "UNAUTHENTICATED", 401, { params: { userId: minsu.id } });
  await show(jiwoo, "getBalance", "FORBIDDEN: another user's balance", 403, { params: { userId: minsu.id } });
  await show(minsu, "getBalance", "INVALID_USER_ID", 400, { params: { userId: "minsu" } });

  // The cart.
  const item = await show(minsu, "addToCart", "A box of tangerines", 201, {
    params: { userId: minsu.id },
    body: { productId: tangerines.id, quantity: 1 },
  });
  await show(minsu, "addToCart", "One of several variants", 201, {
    params: { userId: minsu.id },
    body: { productId: scarf.id, variantId: scarf.variants[1].id, quantity: 1 },
  });
  await show(minsu, "addToCart", "CART_ITEM_DUPLICATE", 409, { params: { userId: minsu.id }, body: { productId: tangerines.id, quantity: 3 } });
  await show(minsu, "addToCart", "PRODUCT_NOT_FOR_SALE", 400, { params: { userId: minsu.id }, body: { productId: bamboo.id, quantity: 1 } });
  await show(minsu, "setCartQuantity", "Two boxes", 200, { params: { userId: minsu.id, id: item.id }, body: { quantity: 2 } });
  await show(minsu, "setCartQuantity", "CART_ITEM_NOT_FOUND", 404, { params: { userId: minsu.id, id: UNKNOWN_ID }, body: { quantity: 2 } });
  const { cartItems } = await show(minsu, "getCart", "Two items", 200, { params: { userId: minsu.id } });
  await show(minsu, "removeFromCart", "The handkerchief is removed", 204, { params: { userId: minsu.id, id: cartItems[1].id } });
  await show(minsu, "removeFromCart", "CART_ITEM_NOT_FOUND: already removed", 404, { params: { userId: minsu.id, id: cartItems[1].id } });
  await show(jiwoo, "emptyCart", "The cart is empty", 204, { params: { userId: jiwoo.id } });
  await show(jiwoo, "emptyCart", "FORBIDDEN: another user's cart", 403, { params: { userId: minsu.id } });

  // Orders.
  const key = { "idempotency-key": "a7f3c1d2-order-1" };
  const paid = await show(seoyeon, "placeOrder", "Two line items, paid at once", 201, {
    body: {
      orderItems: [
        { productId: tangerines.id, quantity: 1 },
        { productId: scarf.id, variantId: scarf.variants[0].id, quantity: 2 },
      ],
    },
  });
  const order = await show(minsu, "placeOrder", "The whole cart, with a coupon", 201, {
    body: { fromCart: true, userCouponId: mine.userCouponId },
    headers: key,
  });
  await show(minsu, "placeOrder", "IDEMPOTENCY_KEY_REUSED", 422, { body: { orderItems: [{ productId: tangerines.id, quantity: 1 }] }, headers: key });
  const unpaid = await show(jiwoo, "placeOrder", "To be paid later", 201, {
    body: { orderItems: [{ productId: mackerel.id, quantity: 1 }], payment: { method: "DEFERRED" } },
  });
  await show(operator, "placeOrder", "A past order imported by an operator", 201, {
    body: {
      userId: seoyeon.id,
      orderItems: [{ productId: tangerines.id, quantity: 1 }],
      payment: { method: "DEFERRED" },
      orderedAt: new Date(Date.now() - DAY_MS).toISOString(),
    },
  }).then((old) => operator.post(`/orders/${old.orderId}/cancel`));
  await show(minsu, "placeOrder", "STOCK_INSUFFICIENT", 400, { body: { orderItems: [{ productId: mackerel.id, quantity: 2 }] } });
  await show(minsu, "placeOrder", "BALANCE_INSUFFICIENT", 400, { body: { orderItems: [{ productId: tangerines.id, quantity: 20 }] } });
  await show(minsu, "placeOrder", "AMOUNT_CHANGED: the buyer saw another amount", 409, {
    body: { orderItems: [{ productId: tangerines.id, quantity: 1 }], expectedAmount: 1000 },
  });
  await show(minsu, "placeOrder", "COUPON_UNUSABLE", 400, {
    body: { orderItems: [{ productId: tangerines.id, quantity: 2 }], userCouponId: mine.userCouponId },
  });
  await show(minsu, "placeOrder", "INVALID_REQUEST", 400, { body: { orderItems: [{ productId: tangerines.id, quantity: 0 }], gift: true } });
  await show(minsu, "placeOrder", "PRODUCT_NOT_FOUND", 404, { body: { orderItems: [{ productId: UNKNOWN_ID, quantity: 1 }] } });
  await show(minsu, "placeOrder", "UNSUPPORTED_MEDIA_TYPE", 415, { body: "<order/>", headers: { "content-type": "application/xml" } });
  await show(minsu, "placeOrder", "BODY_TOO_LARGE", 413, { body: JSON.stringify({ orderItems: " ".repeat(1_100_000) }) });
  await show(minsu, "getOrder", "A paid order", 200, { params: { orderId: order.orderId } });
  await show(jiwoo, "getOrder", "ORDER_NOT_FOUND: another user's order", 404, { params: { orderId: order.orderId } });
  await show(minsu, "listUserOrders", "김민수's orders", 200, { params: { userId: minsu.id, limit: 20 } });

  // Payments.
  await show(jiwoo, "payOrder", "PAYMENT_DECLINED: by card", 402, {
    body: { orderId: unpaid.orderId, method: "CARD", paymentKey: "decline_5zJ4xY7m0kODnyRpQWGrN" },
  });
  await show(jiwoo, "payOrder", "AMOUNT_CHANGED: the buyer saw another amount", 409, {
    body: { orderId: unpaid.orderId, method: "BALANCE", expectedAmount: 1000 },
  });
  const payment = await show(jiwoo, "payOrder", "From the balance", 201, {
    body: { orderId: unpaid.orderId, method: "BALANCE", expectedAmount: unpaid.amountDue },
  });
  await show(jiwoo, "payOrder", "ORDER_NOT_PAYABLE: already paid", 409, { body: { orderId: unpaid.orderId, method: "BALANCE" } });
  const gift = good(
    await jiwoo.post("/orders", {
      orderItems: [{ productId: scarf.id, variantId: scarf.variants[1].id, quantity: 1 }],
      payment: { method: "DEFERRED" },
    }),
    201,
  );
  await show(jiwoo, "payOrder", "By card", 201, { body: { orderId: gift.orderId, method: "CARD", paymentKey: "tgen_20261120100012abcd3" } });
  await show(jiwoo, "getPayment", "Paid from the balance", 200, { params: { paymentId: payment.paymentId } });
  await show(jiwoo, "getPayment", "PAYMENT_NOT_FOUND", 404, { params: { paymentId: UNKNOWN_ID } });
  await show(null, "paymentWebhook", "A notification from the gateway", 200, {
    body: { eventType: "PAYMENT_STATUS_CHANGED", data: { paymentKey: "tgen_20261120100012abcd3" } },
  });
  await show(operator, "listPayments", "Payments by card", 200, { params: { method: "CARD" } });
  await show(operator, "reconcile", "The gateway's ledger compared with the shop's payments", 200);
  await showAttention(operator, jiwoo, scarf);

  // Cancellations and refunds.
  await show(operator, "refundOrder", "One of two handkerchiefs", 200, {
    params: { id: paid.orderId },
    body: { items: [{ variantId: scarf.variants[0].id, quantity: 1 }], reason: "단순 변심", customerReason: "손수건 한 장을 환불해드렸습니다" },
  });
  await show(operator, "refundOrder", "ORDER_NOT_REFUNDABLE: more than remains", 409, {
    params: { id: paid.orderId },
    body: { items: [{ variantId: scarf.variants[0].id, quantity: 2 }], reason: "단순 변심" },
  });
  await show(operator, "refundOrder", "INVALID_REQUEST: a variant that was not bought", 400, {
    params: { id: paid.orderId },
    body: { items: [{ variantId: mackerel.variants[0].id, quantity: 1 }], reason: "단순 변심" },
  });
  await show(jiwoo, "cancelOrder", "A paid order is refunded whole", 200, { params: { orderId: unpaid.orderId } });
  await show(jiwoo, "cancelOrder", "ORDER_NOT_CANCELLABLE", 409, { params: { orderId: unpaid.orderId } });
  await show(seoyeon, "getOrderHistory", "Placed, paid and refunded in part", 200, { params: { orderId: paid.orderId } });
  await show(seoyeon, "listTransactions", "이서연's ledger", 200, { params: { userId: seoyeon.id, limit: 2 } });

  // Parcels and returns.
  const { productId, variantId } = { productId: tangerines.id, variantId: tangerines.variants[0].id };
  const shippingAddress = {
    recipient: "이서연",
    phone: "010-2345-6789",
    postalCode: "63322",
    line1: "제주특별자치도 제주시 연북로 1",
    note: "경비실",
  };
  const parcel = { carrier: "CJ대한통운", trackingNumber: "605122334455" };
  await operator.post("/admin/balances/grant", { grants: [{ userId: seoyeon.id, amount: 200_000, reason: "개점 축하" }] });
  const boxes = await show(seoyeon, "placeOrder", "With an address", 201, {
    body: { orderItems: [{ productId, quantity: 2 }], shippingAddress, note: "선물입니다", metadata: { giftWrap: "yes" } },
  });
  const inParcels = { params: { id: boxes.orderId } };
  await show(seoyeon, "editOrder", "Another address", 200, {
    params: { orderId: boxes.orderId },
    body: { shippingAddress: { ...shippingAddress, line2: "101동 1001호" }, metadata: { giftWrap: null } },
  });
  await show(operator, "prepareOrder", "The goods are being prepared", 200, inParcels);
  await show(operator, "prepareOrder", "ORDER_NOT_SHIPPABLE: not paid", 409, { params: { id: unpaid.orderId } });
  await show(seoyeon, "editOrder", "ORDER_NOT_SHIPPABLE: being prepared", 409, { params: { orderId: boxes.orderId }, body: { note: "늦었나요" } });
  await show(seoyeon, "cancelOrder", "ORDER_NOT_CANCELLABLE: being prepared", 409, { params: { orderId: boxes.orderId } });
  const [one, two] = (await Promise.all([1, 1].map(() => seoyeon.post("/orders", { orderItems: [{ productId, quantity: 1 }] })))).map((answer) =>
    good(answer, 201),
  );
  const inOneParcel = await show(operator, "shipOrder", "One of two boxes", 201, {
    ...inParcels,
    body: { ...parcel, items: [{ variantId, quantity: 1 }] },
  });
  await show(operator, "shipOrder", "ORDER_NOT_SHIPPABLE: more than remains", 409, {
    ...inParcels,
    body: { ...parcel, items: [{ variantId, quantity: 2 }] },
  });
  await show(operator, "shipOrders", "Two orders, by number and by id", 201, {
    body: {
      shipments: [
        { orderNumber: one.orderNumber, ...parcel },
        { orderId: two.orderId, ...parcel },
      ],
    },
  });
  await show(operator, "shipOrders", "INVALID_REQUEST: each faulty row is named", 400, {
    body: { shipments: [{ orderId: two.orderId, ...parcel }] },
  });
  const { shipmentId } = inOneParcel.shipments[0];
  await show(operator, "deliverShipment", "A parcel was delivered", 200, { params: { id: boxes.orderId, shipmentId } });
  await show(operator, "deliverShipment", "SHIPMENT_NOT_FOUND", 404, { params: { id: boxes.orderId, shipmentId: UNKNOWN_ID } });
  const toReturn = { params: { orderId: boxes.orderId }, body: { items: [{ variantId, quantity: 1 }], reason: "상자가 찌그러졌습니다" } };
  const returned = await show(seoyeon, "requestReturn", "One box", 201, toReturn);
  await show(seoyeon, "requestReturn", "ORDER_NOT_RETURNABLE: nothing else was shipped", 409, toReturn);
  await show(seoyeon, "withdrawReturn", "The box is kept", 204, { params: { orderId: boxes.orderId, returnId: returned.returnId } });
  await show(seoyeon, "withdrawReturn", "RETURN_NOT_FOUND", 404, { params: { orderId: boxes.orderId, returnId: returned.returnId } });
  const again = good(await seoyeon.post(`/orders/${boxes.orderId}/returns`, toReturn.body), 201);
  await show(operator, "rejectReturn", "Nothing is broken", 200, {
    params: { id: again.returnId },
    body: { reason: "사진에 파손이 없음", customerReason: "파손을 확인하지 못했습니다" },
  });
  await show(operator, "rejectReturn", "ORDER_NOT_RETURNABLE: already rejected", 409, { params: { id: again.returnId }, body: { reason: "중복" } });
  const third = good(await seoyeon.post(`/orders/${boxes.orderId}/returns`, toReturn.body), 201);
  await show(operator, "listReturns", "Returns that wait", 200, { params: { status: "REQUESTED" } });
  await show(operator, "receiveReturn", "The box is back, and written off", 200, { params: { id: third.returnId }, body: { restock: false } });
  await show(operator, "receiveReturn", "RETURN_NOT_FOUND", 404, { params: { id: UNKNOWN_ID }, body: { restock: true } });
  await show(seoyeon, "listReturnsOfOrder", "이서연's returns", 200, { params: { orderId: boxes.orderId } });

  // The back office.
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Seoul" }).format(new Date());
  await show(operator, "runJob", "Sales are aggregated", 200, { params: { name: "aggregate-sales" } });
  await show(operator, "runJob", "NOT_FOUND: no such job", 404, { params: { name: "water-the-plants" } });
  await show(operator, "listJobs", "All jobs", 200);
  await show(null, "listPopularProducts", "After the first sales", 200);
  await show(operator, "listSales", "Today's", 200, { params: { from: today, to: today } });
  await show(operator, "listOrders", "Partially refunded orders", 200, { params: { status: "PARTIALLY_REFUNDED", from: today, limit: 20 } });
  await delivered();
  const { events } = await show(operator, "listEvents", "The two newest", 200, { params: { limit: 2 } });
  await show(operator, "replayEvent", "Delivered again", 200, { params: { id: events[0].id } });
  await show(operator, "replayEvent", "NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });
  await show(operator, "replayEvents", "All dead letters", 200, { body: { status: "DEAD" } });
  await show(operator, "replayEvents", "INVALID_REQUEST: no such data platform", 400, { body: { status: "DEAD", sink: "elsewhere" } });
  await show(operator, "audit", "No violations", 200);
  await show(operator, "listJournal", "Jobs that were run by hand", 200, { params: { operation: "runJob" } });
  await show(operator, "listSalesByDay", "Day by day", 200, { params: { from: today, to: today } });
  await show(operator, "listEveryProduct", "Products that are not for sale", 200, { params: { status: "NOT_FOR_SALE" } });
  await show(operator, "listUsers", "A search", 200, { params: { q: "1024" } });
  await show(null, "metrics", "Requests by route", 200);

  // Overload.
  const limited = await openTestShop({ env: { RATE_LIMIT: "1" }, beside: shop });
  t.after(() => limited.close());
  good(await minsu.at(limited).get(`/users/${minsu.id}/cart`), 200);
  await show(minsu, "getCart", "TOO_MANY_REQUESTS", 429, { params: { userId: minsu.id }, at: limited.url });
  const impatient = await openTestShop({ env: { LOCK_WAIT_MS: "200" }, beside: shop });
  t.after(() => impatient.close());
  await whileHeld(shop.shop.config.databaseUrl as string, "SELECT FROM users WHERE id = $1 FOR UPDATE", [minsu.id], () =>
    show(minsu, "chargeBalance", "BUSY", 503, { params: { userId: minsu.id }, body: { amount: 10_000 }, at: impatient.url }),
  );

  // The pages' first requests.
  await show(null, "getShop", "Public settings of the shop", 200);
  const demo = await openTestShop({ env: { DEMO: "on" }, beside: shop });
  t.after(() => demo.close());
  good(await operator.post("/admin/users", { name: "김민수", externalId: "demo-minsu" }), 201);
  const { users: guests } = await show(null, "listDemoUsers", "Users of the demo", 200, { at: demo.url });
  await show(null, "signInAsDemoUser", "As 김민수", 200, { body: { userId: guests[0].id }, at: demo.url });
  await show(null, "signInAsDemoUser", "USER_NOT_FOUND: not a demo user", 404, { body: { userId: seoyeon.id }, at: demo.url });
  await show(null, "signInAsDemoUser", "NOT_FOUND: no demo", 404, { body: { userId: guests[0].id } });

  // A rehearsal before the next market day.
  const { id } = await show(operator, "startRehearsal", "Thirty buyers for a product and a coupon", 201, {
    body: { productId: tangerines.id, couponId: welcome.id, buyers: 30, arriveWithinMs: 0 },
  });
  await show(operator, "startRehearsal", "PRODUCT_NOT_FOUND", 404, { body: { productId: UNKNOWN_ID, buyers: 30 } });
  await show(operator, "startRehearsal", "DROP_NOT_FOUND", 404, { body: { dropId: UNKNOWN_ID, buyers: 30, giveUpPercent: 30 } });
  const rehearsed = Date.now() + 60_000;
  for (let over = false; !over; over = good(await operator.get(`/admin/rehearsals/${id}`), 200).finishedAt !== null) {
    assert.ok(Date.now() < rehearsed, "the rehearsal does not end");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await show(operator, "getRehearsal", "Done, with its report", 200, { params: { id } });
  await show(operator, "getRehearsal", "NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });
  await show(operator, "listRehearsals", "The last one", 200, { params: { limit: 1 } });
  await show(operator, "stopRehearsal", "Already finished", 200, { params: { id } });
  await show(operator, "stopRehearsal", "NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });

  await showDrops(operator, soon, [minsu, seoyeon, jiwoo]);

  const text = `${JSON.stringify(recorded, null, 2)}\n`;
  if (process.env["UPDATE_EXAMPLES"] === "1") writeFileSync(FILE, text);
  assert.deepEqual(
    recorded,
    JSON.parse(readFileSync(FILE, "utf8")),
    "if the change is intended, run with UPDATE_EXAMPLES=1 and review the difference",
  );
});

/** A drop of its own product, which opens in an hour. */
/** A payment whose state at the gateway the shop cannot read. */
async function showAttention(operator: Client, buyer: Client, { id, variants }: Json): Promise<void> {
  const orderItems = [{ productId: id, variantId: variants[1].id, quantity: 1 }];
  const { orderId } = good(await buyer.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
  const paymentKey = keyFor({ confirm: ["timeout"], find: ["odd*"], webhook: "never" }, "1");
  const { paymentId } = good(await buyer.post("/payments", { orderId, method: "CARD", paymentKey }), 202);
  good(await operator.post("/admin/jobs/settle-payments/run"), 200);
  await show(operator, "listPaymentsAttention", "A payment with an answer that the shop cannot read", 200);
  const reason = "토스페이먼츠 고객센터에서 승인 취소를 확인함";
  await show(operator, "resolvePayment", "The buyer has the money back", 200, { params: { id: paymentId }, body: { outcome: "RETURNED", reason } });
  await show(operator, "resolvePayment", "PAYMENT_NOT_FOUND: no longer in doubt", 404, {
    params: { id: paymentId },
    body: { outcome: "PAID", reason },
  });
  good(await buyer.post(`/orders/${orderId}/cancel`), 200);
}

async function showDrops(operator: Client, soon: string, [minsu, seoyeon, jiwoo]: [Client, Client, Client]): Promise<void> {
  const shoes = await shop.product({ name: "한정판 운동화", price: 129_000, stock: 100 });
  const drop = await show(operator, "createDrop", "First come, first served, with holds and a line", 201, {
    body: {
      name: "한정판 운동화 드롭",
      productId: shoes.id,
      mode: "FIRST_COME",
      opensAt: soon,
      limitPerCustomer: 1,
      holdFor: "PT5M",
      waitlist: true,
    },
  });
  await show(operator, "createDrop", "DROP_EXISTS", 409, { body: { name: "한정판 운동화 추첨", productId: shoes.id, opensAt: soon } });
  await show(null, "listDrops", "An upcoming drop", 200);
  await show(null, "getDrop", "An upcoming drop", 200, { params: { dropId: drop.id } });
  await show(null, "getDrop", "DROP_NOT_FOUND", 404, { params: { dropId: UNKNOWN_ID } });
  await show(null, "watchDrop", "A second before the opening", 200, { params: { dropId: drop.id, seconds: 1 } });
  await show(null, "watchDrop", "DROP_NOT_FOUND", 404, { params: { dropId: UNKNOWN_ID } });
  const params = { dropId: drop.id };
  const steered = { params: { id: drop.id } };
  await show(minsu, "enterDrop", "DROP_NOT_OPEN", 409, { params });
  const now = new Date(Date.now() - 1000).toISOString();
  await show(operator, "editDrop", "It opens now", 200, { ...steered, body: { opensAt: now } });
  await show(operator, "editDrop", "DROP_ALREADY_OPEN: the limit is fixed", 409, { ...steered, body: { limitPerCustomer: 2 } });
  good(await operator.post(`/admin/variants/${shoes.variants[0]?.id}/stock`, { delta: -98, reason: "examples" }), 200);
  await show(minsu, "enterDrop", "A hold", 201, { params });
  await show(minsu, "enterDrop", "DROP_ALREADY_ENTERED", 409, { params });
  good(await seoyeon.post(`/drops/${drop.id}/entries`), 201);
  await show(jiwoo, "enterDrop", "A place in the line", 201, { params });
  await show(jiwoo, "getOwnEntry", "An entry that waits", 200, { params });
  await show(operator, "getOwnEntry", "ENTRY_NOT_FOUND", 404, { params });
  await show(operator, "getOwnEntry", "No entry, and no error", 204, { params: { ...params, optional: true } });
  await show(operator, "leaveDrop", "ENTRY_NOT_FOUND", 404, { params });
  await show(minsu, "leaveDrop", "The hold is given up", 204, { params });
  await show(operator, "listDropEntries", "All entries", 200, steered);
  await show(operator, "listDropEntries", "DROP_NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });
  await show(operator, "releaseDrop", "DROP_EXISTS: it is not closed", 409, steered);
  await show(operator, "pauseDrop", "Paused", 200, steered);
  await show(operator, "resumeDrop", "Resumed", 200, steered);
  await show(operator, "closeDrop", "Closed", 200, steered);
  for (const operation of ["pauseDrop", "resumeDrop"]) await show(operator, operation, "DROP_CLOSED", 409, steered);
  await show(operator, "closeDrop", "DROP_NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });
  await show(operator, "releaseDrop", "The rest is for sale", 200, steered);
  await showDraw(operator);
  await show(operator, "getDropReport", "A drop with two holds", 200, steered);
  await show(operator, "getDropReport", "DROP_NOT_FOUND", 404, { params: { id: UNKNOWN_ID } });
}

/** A draw whose entries are closed and whose public value is entered. */
async function showDraw(operator: Client): Promise<void> {
  const cap = await shop.product({ name: "추첨 모자", price: 39_000, stock: 3 });
  const body = {
    name: "추첨 모자",
    productId: cap.id,
    mode: "DRAW",
    // Before the first example, however long the examples take.
    opensAt: new Date(STARTED_AT - 1000).toISOString(),
    closesAt: new Date(Date.now() + 20_000).toISOString(),
    publicValueSource: "로또 1234회 당첨 번호",
  };
  const { id } = good(await operator.post("/admin/drops", body), 201);
  await show(null, "getDraw", "A draw whose entries are not closed", 200, { params: { dropId: id } });
  await show(null, "getDraw", "DROP_NOT_FOUND", 404, { params: { dropId: UNKNOWN_ID } });
  await show(null, "getDrawFile", "Before the close the file has one line", 200, { params: { dropId: id } });
  await show(null, "getDrawFile", "DROP_NOT_FOUND", 404, { params: { dropId: UNKNOWN_ID } });
  const publicValue = { params: { id }, body: { publicValue: "3, 11, 15, 29, 35, 44 + 10" } };
  await show(operator, "setPublicValue", "DROP_DRAW_CLOSED: entries are not closed", 409, publicValue);
  await closeSoon(operator, id);
  while (good(await shop.anyone("GET", `/drops/${id}/draw`), 200).entriesRoot === null) await new Promise((resolve) => setTimeout(resolve, 50));
  await show(operator, "setPublicValue", "The draw follows", 200, publicValue);
}

test("every operation has an example of a success and of a refusal", () => {
  for (const [operationId, { method }] of routes) {
    const examples = recorded[operationId] ?? [];
    assert.ok(
      examples.some(({ status }) => status < 300),
      operationId,
    );
    if (method !== "GET" && operationId !== "paymentWebhook")
      assert.ok(
        examples.some(({ status }) => status >= 400),
        `${operationId} refuses nothing`,
      );
  }
});

test("the document shows each example, and each matches its schema", () => {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, validateFormats: false });
  ajv.addSchema(document, "shop");
  let shown = 0;
  const visit = (part: Json, pointer: string): void => {
    if (typeof part !== "object" || part === null) return;
    if (part.schema && part.examples) {
      const validate = ajv.compile({ $ref: `shop#${encodeURI(`${pointer}/schema`)}` });
      for (const [name, { value }] of Object.entries<Json>(part.examples)) {
        assert.ok(validate(value), `${pointer} ${name}: ${JSON.stringify(validate.errors)}`);
        shown++;
      }
    } else for (const [key, value] of Object.entries(part)) visit(value, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  };
  visit(document.paths, "/paths");
  visit(document.components.responses, "/components/responses");
  assert.ok(shown > 100, String(shown));
  for (const { parameters } of Object.values(document.paths).flatMap((methods) => Object.values(methods as Json)) as Json[]) {
    for (const { name, in: where, example } of parameters) if (where === "path") assert.notEqual(example, undefined, name);
  }
});

const UNKNOWN_ID = "019aa000-0000-7000-8000-00000000dead";
