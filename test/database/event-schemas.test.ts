// The JSON Schemas of events, docs/api/events.schema.json, against the events that are sent. Each
// schema is checked as if it were closed: a member that it does not name makes the test fail.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { chargeByCard } from "../support/charge.ts";
import { closeSoon } from "../support/close-soon.ts";
import { type Client, good, type Json, openTestShop, type TestShop } from "../support/shop.ts";

const ROOT = join(import.meta.dirname, "../..");
const SCHEMA: Json = JSON.parse(readFileSync(join(ROOT, "docs/api/events.schema.json"), "utf8"));
const TYPES = (SCHEMA.oneOf as { $ref: string }[]).map(({ $ref }) => $ref.replace("#/$defs/", ""));
const ADDRESS = { recipient: "김민수", phone: "010-1234-5678", postalCode: "04524", line1: "세종대로 110", line2: "3층", note: "문 앞" };
const PARCEL = { carrier: "CJ대한통운", trackingNumber: "6051" };

let shop: TestShop;
let buyer: Client;
before(async () => {
  const env = {
    DATA_PLATFORM_EVENTS: "*",
    DATA_PLATFORM_PERSONAL_DATA: "on",
    PAYMENT_GATEWAY_TIMEOUT_MS: "1500",
    ORDER_EXPIRES_AFTER: "PT3S",
    BALANCE_FUNDING: "gateway",
  };
  shop = await openTestShop({ env });
  buyer = await shop.user({ balance: 1_000_000 });
  await shop.shop.database.pool.query("UPDATE users SET external_id = 'erp-7' WHERE id = $1", [buyer.id]);
});
after(() => shop.close());

const run = async (job: string): Promise<unknown> => good(await shop.operator.post(`/admin/jobs/${job}/run`), 200);
const admin = async (path: string, body: unknown = {}, status = 200): Promise<Json> => good(await shop.operator.post(`/admin${path}`, body), status);
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

function told(): Json[] {
  return readFileSync(join(shop.shop.config.dataDir, "events.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

async function order(method: "BALANCE" | "DEFERRED", fields: object = {}): Promise<string> {
  const product = await shop.product({ variants: [{ sku: `S-${crypto.randomUUID()}`, options: { 색: "빨강" }, price: 1000, stock: 10 }] });
  const body = { orderItems: [{ productId: product.id, quantity: 2 }], payment: { method }, ...fields };
  return good(await buyer.post("/orders", body), 201).orderId;
}

async function tellOrders(): Promise<void> {
  const userCouponId = await shop.coupon(buyer, { discount: { type: "PERCENTAGE", rate: 10, maxAmount: 500, minOrderAmount: 100 }, validDays: 3 });
  const details = { userCouponId, shippingAddress: ADDRESS, note: "메모", metadata: { channel: "app" } };
  const orderId = await order("BALANCE", details);
  await admin(`/orders/${orderId}/preparing`);
  const { shipments, orderItems } = await admin(`/orders/${orderId}/shipments`, { ...PARCEL, trackingUrl: "https://carrier.example/6051" }, 201);
  await admin(`/orders/${orderId}/shipments/${shipments[0].shipmentId}/delivered`);
  const items = [{ variantId: orderItems[0].variantId, quantity: 1 }];
  const ask = async (): Promise<string> => good(await buyer.post(`/orders/${orderId}/returns`, { items, reason: "변심" }), 201).returnId;
  assert.equal((await buyer.delete(`/orders/${orderId}/returns/${await ask()}`)).status, 204);
  await admin(`/returns/${await ask()}/reject`, { reason: "훼손" });
  await admin(`/returns/${await ask()}/receive`, { restock: false });
  await admin(`/orders/${orderId}/refunds`, { reason: "파손", customerReason: "파손 보상" });
  good(await buyer.post(`/orders/${await order("DEFERRED")}/cancel`), 200);
}

async function tellPayments(): Promise<void> {
  const declined = await order("DEFERRED");
  assert.equal((await buyer.post("/payments", { orderId: declined, method: "CARD", paymentKey: "decline-1" })).status, 402);
  assert.equal((await chargeByCard(buyer, { amount: 1000, paymentKey: "decline-2" })).status, 402);
  const unknown = await order("DEFERRED");
  assert.equal((await buyer.post("/payments", { orderId: unknown, method: "CARD", paymentKey: "timeout-1" })).status, 202);
  for (;;) {
    await run("expire-orders");
    if (good(await buyer.get(`/orders/${declined}`), 200).status === "EXPIRED") break;
  }
}

async function tellDrops(): Promise<void> {
  const stock = async (): Promise<string> => (await shop.product({ price: 100, stock: 1 })).id;
  const open = { name: "한정판", opensAt: at(-1000), waitlist: true };
  const line = await admin("/drops", { ...open, productId: await stock(), mode: "FIRST_COME", holdFor: "PT1S" }, 201);
  good(await buyer.post(`/drops/${line.id}/entries`), 201);
  const draw = await admin("/drops", { ...open, productId: await stock(), mode: "DRAW", closesAt: at(3_600_000) }, 201);
  good(await buyer.post(`/drops/${draw.id}/entries`), 201);
  await closeSoon(shop.operator, draw.id);
  for (;;) {
    await run("run-draws");
    await run("expire-holds");
    await run("relay-events");
    const types = new Set(told().map(({ type }) => type));
    if (types.has("jangnal.drop.drawn") && types.has("jangnal.entry.lapsed")) break;
  }
  await admin(`/drops/${line.id}/close`);
}

/** Forbids members that the schema does not name. */
function closed(part: Json): Json {
  if (Array.isArray(part)) return part.map(closed);
  if (part === null || typeof part !== "object") return part;
  const made = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, key === "enum" || key === "required" ? value : closed(value)]));
  return made["allOf"] ? { ...made, unevaluatedProperties: false } : made;
}

/** `allOf` looks into the envelope and the order, so these are closed by the types that use them; all other objects here. */
function closedSchema(): Json {
  const { envelope, order: whole, ...others } = SCHEMA.$defs;
  const withoutMore = (part: Json): Json => {
    if (Array.isArray(part)) return part.map(withoutMore);
    if (part === null || typeof part !== "object") return part;
    const made = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, withoutMore(value)]));
    return made["type"] === "object" && made["properties"] && made["required"] ? { ...made, additionalProperties: false } : made;
  };
  const inner = (part: Json): Json => ({ ...part, properties: withoutMore(part.properties) });
  return { ...SCHEMA, $defs: { envelope: inner(envelope), order: inner(whole), ...closed(withoutMore(others)) } };
}

test("each type of event is sent as its schema says, and no member is missing in the schema", async () => {
  await Promise.all([tellOrders(), tellPayments()]);
  await tellDrops();
  await admin(`/users/${(await shop.user()).id}/erase`, { reason: "탈퇴" });
  await run("relay-events");

  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(closedSchema(), "events");
  const events = told();
  for (const event of events) {
    const type = event.type.replace("jangnal.", "");
    assert.ok(TYPES.includes(type), `${type} has no schema`);
    const validate = ajv.compile({ $ref: `events#/$defs/${type}` });
    assert.ok(validate(event), `${type}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(event)}`);
  }
  const named = events.filter(({ data, type }) => data.userId !== undefined && type !== "jangnal.user.erased");
  assert.deepEqual(new Set(named.map(({ data }) => data.userExternalId)), new Set(["erp-7"]));
  const payments = events.filter(({ type }) => type.startsWith("jangnal.payment."));
  const numbers = new Map(events.flatMap(({ subject, data, type }) => (type === "jangnal.order.placed" ? [[subject, data.orderNumber]] : [])));
  assert.deepEqual(new Set(payments.map(({ data }) => "chargeId" in data)), new Set([true, false]));
  for (const { data } of payments) assert.equal(data.orderNumber, numbers.get(data.orderId) ?? null);
  const sent = new Set(events.map(({ type }) => type.replace("jangnal.", "")));
  assert.deepEqual(
    TYPES.filter((type) => !sent.has(type)),
    [],
  );
});

test("the catalog of events names each type that has a schema", () => {
  const catalog = readFileSync(join(ROOT, "docs/api/events.md"), "utf8");
  for (const type of TYPES) {
    const [kind, name] = type.split(".");
    assert.match(catalog, new RegExp(`\`jangnal\\.${type}\`|\`jangnal\\.${kind}\\.[^|]*\`…${name}\``), type);
  }
});
