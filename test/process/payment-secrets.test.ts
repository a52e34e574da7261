// Card data, secrets and personal data, planted in every payment flow, are looked for afterwards: in the output, in the events, in error
// messages and in each column of the database.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import type { GatewayMethod } from "../../src/payment-settings.ts";
import { chargeByCard, openCharge } from "../support/charge.ts";
import { freshDatabase } from "../support/database.ts";
import { jangnal, serve } from "../support/process.ts";
import { type Answer, Client, good, SECRET } from "../support/shop.ts";

/** The texts that the gateway, buyers and settings plant. The card number has a wrong check digit, so no card has it. */
const PLANTED = {
  card: "4330987612341239",
  cardMiddle: "98761234",
  customer: "카나리아고객",
  email: "canary@customer.example",
  phone: "01098761234",
  accountNumber: "110555987123",
  holder: "카나리아예금주",
  gatewayMessage: "canary-message-of-the-gateway",
  gatewaySecret: "test_sk_canary_of_the_gateway",
  jwtSecret: SECRET,
  webhookSecret: "whsec_Y2FuYXJ5IHNlY3JldCBvZiB0aGUgd2ViaG9vaw==",
};
/** Personal data that the shop needs. Nothing else keeps it. */
const KEPT = { name: "카나리아이름", recipient: "카나리아수령인", address: "카나리아로 12", note: "카나리아 요청" };
const KEPT_IN: Record<keyof typeof KEPT, readonly string[]> = {
  name: ["users.name"],
  // The first answer of a key is kept for its repeats, and is erased with the user.
  recipient: ["orders.shipping_address", "idempotency_keys.body"],
  address: ["orders.shipping_address", "idempotency_keys.body"],
  note: ["orders.note", "idempotency_keys.body"],
};

const folder = mkdtempSync(join(tmpdir(), "jangnal-planted-"));
const simulator = new Simulator({ secret: PLANTED.gatewaySecret, slowMs: 50 });
let planted = 0;
/** Between the shop and the simulator: adds a buyer's data, as a real gateway knows them, to each answer. */
const gateway = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    void (async () => {
      try {
        const headers = Object.fromEntries(
          ["authorization", "content-type", "idempotency-key"].flatMap((name) =>
            request.headers[name] ? [[name, String(request.headers[name])]] : [],
          ),
        );
        const answer = await fetch(`${simulatorUrl}${request.url}`, {
          method: request.method ?? "GET",
          headers,
          ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
          signal: AbortSignal.timeout(60_000),
        });
        const body = await answer.json();
        response
          .writeHead(answer.status, { "content-type": "application/json" })
          .end(JSON.stringify(Array.isArray(body) ? body.map(plant) : plant(body)));
      } catch {
        response.destroy();
      }
    })();
  });
});
function plant(body: unknown): unknown {
  planted++;
  const given = body as Record<string, Record<string, unknown>>;
  const { card, customer: customerName, email: customerEmail, phone: customerMobilePhone, accountNumber, holder: holderName } = PLANTED;
  return {
    ...given,
    ...("code" in given ? { message: PLANTED.gatewayMessage, data: { card } } : {}),
    ...(given["card"] ? { card: { ...given["card"], number: card, ownerName: customerName } } : {}),
    ...(given["virtualAccount"]
      ? { virtualAccount: { ...given["virtualAccount"], customerName, refundReceiveAccount: { bankCode: "88", accountNumber, holderName } } }
      : {}),
    customerName,
    customerEmail,
    customerMobilePhone,
    metadata: { card, memo: PLANTED.gatewayMessage },
  };
}

let simulatorUrl: string;
let env: Record<string, string>;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let shop: Awaited<ReturnType<typeof serve>> | undefined;
let [operator, user]: [Client, Client] = [new Client("", "", "operator"), new Client("", "", "shopper")];
before(async () => {
  simulatorUrl = await simulator.listen();
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  database = await freshDatabase();
  env = {
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    LOG_LEVEL: "trace",
    BALANCE_FUNDING: "gateway",
    PAYMENT_GATEWAY_URL: `http://127.0.0.1:${(gateway.address() as { port: number }).port}`,
    PAYMENT_GATEWAY_SECRET: PLANTED.gatewaySecret,
    PAYMENT_METHODS: "CARD,EASY_PAY,TRANSFER,VIRTUAL_ACCOUNT",
    PAYMENT_GATEWAY_TIMEOUT_MS: "1500",
    PAYMENT_GATEWAY_BREAKER_CALLS: "1000",
    PAYMENT_SETTLE_AFTER_MS: "1",
    DATA_PLATFORM_WEBHOOK_SECRET: PLANTED.webhookSecret,
    DATA_PLATFORM_EVENTS: "*",
    AUTH_JWT_SECRET: SECRET,
  };
  shop = await serve(env);
  operator = new Client(shop.url, "an-operator", "operator");
  const users = good(await operator.post("/admin/users", { users: [{ name: KEPT.name }] }), 201).users as { id: string }[];
  user = new Client(shop.url, users[0]?.id ?? "", "shopper");
});
after(async () => {
  shop?.child.kill("SIGKILL");
  await shop?.ended;
  gateway.closeAllConnections();
  gateway.close();
  await simulator.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const receiveAccount = { bank: "88", accountNumber: PLANTED.accountNumber, holderName: PLANTED.holder };
const keyed = () => ({ "idempotency-key": randomUUID() });
const settle = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) good(await operator.post("/admin/jobs/settle-payments/run"), 200);
};

/** Orders two units, and pays with this method and script. */
async function pay(way: GatewayMethod, script: Parameters<typeof keyFor>[0] = {}): Promise<{ orderId: string; paymentKey: string; answer: Answer }> {
  const { recipient, address: line1, note } = KEPT;
  const product = good(await operator.post("/admin/products", { name: "사과", price: 1000, stock: 10 }), 201);
  const order = {
    orderItems: [{ productId: product.id, quantity: 2 }],
    payment: { method: "DEFERRED" },
    shippingAddress: { recipient, phone: "02-555-0101", postalCode: "04524", line1 },
    note,
  };
  const { orderId } = good(await user.post("/orders", order, keyed()), 201);
  const paymentKey = keyFor(script, randomUUID());
  simulator.ledger.authorize({ paymentKey, orderId, amount: 2000, orderName: "사과", way });
  return { orderId, paymentKey, answer: await user.post("/payments", { orderId, method: "CARD", paymentKey }, keyed()) };
}
const refund = async (orderId: string, quantity?: number): Promise<Answer> => {
  const { orderItems } = good(await operator.get(`/orders/${orderId}`), 200);
  const items = quantity === undefined ? {} : { items: [{ variantId: orderItems[0].variantId, quantity }] };
  return operator.post(`/admin/orders/${orderId}/refunds`, { ...items, reason: "bruised", refundReceiveAccount: receiveAccount }, keyed());
};

/** Returns of one unit with an account: one that its buyer withdraws, one that an operator requests and rejects, and one that is received. */
async function returnsOf(orderId: string): Promise<void> {
  good(await operator.post(`/admin/orders/${orderId}/shipments`, { carrier: "CJ", trackingNumber: "1" }), 201);
  const ask = (by: Client): Promise<Answer> =>
    by.post(`/orders/${orderId}/returns`, { reason: "bruised", refundReceiveAccount: receiveAccount }, keyed());
  const { returnId: withdrawn } = good(await ask(user), 201);
  assert.equal((await user.delete(`/orders/${orderId}/returns/${withdrawn}`)).status, 204);
  const { returnId: rejected } = good(await ask(operator), 201);
  good(await operator.post(`/admin/returns/${rejected}/reject`, { reason: "worn" }), 200);
  const { returnId } = good(await ask(user), 201);
  good(await operator.post(`/admin/returns/${returnId}/receive`, { restock: true }, keyed()), 200);
}

/** Every way that money takes, with every kind of answer. Returns the texts of all refusals. */
async function everyFlow(): Promise<string[]> {
  const refusals: Answer[] = [];
  for (const way of ["CARD", "EASY_PAY", "TRANSFER"] as const) good((await pay(way)).answer, 201);
  for (const step of ["decline", "bank"]) refusals.push((await pay("CARD", { confirm: [step] })).answer);
  for (const step of ["timeout", "lost", "odd*", "decimal*"])
    await pay("CARD", { confirm: [step], find: step.endsWith("*") ? [step] : ["forbidden", "error"] });
  const [whole, parts, refused] = [await pay("CARD"), await pay("CARD"), await pay("CARD", { cancel: ["decline*"] })];
  good(await user.post(`/orders/${whole.orderId}/cancel`, { refundReceiveAccount: receiveAccount }, keyed()), 200);
  good(await refund(parts.orderId, 1), 200);
  refusals.push(await refund(refused.orderId, 1));
  const byHand = await pay("CARD");
  simulator.cancelInDashboard(byHand.paymentKey);

  const deposits = [
    await pay("VIRTUAL_ACCOUNT"),
    await pay("VIRTUAL_ACCOUNT", { cancel: ["decline"] }),
    await pay("VIRTUAL_ACCOUNT", { cancel: ["provider", "provider"] }),
  ];
  for (const { orderId, paymentKey, answer } of deposits) {
    good(answer, 202);
    simulator.ledger.deposit(paymentKey);
    await operator.post("/payments/webhooks/toss", { secret: "x", status: "DONE", orderId, customerName: PLANTED.customer, card: PLANTED.card });
    await settle();
    refusals.push(await refund(orderId, 1));
  }
  await returnsOf(deposits[0]?.orderId as string);
  const closed = await pay("VIRTUAL_ACCOUNT");
  good(await user.post(`/orders/${closed.orderId}/cancel`, { refundReceiveAccount: receiveAccount }, keyed()), 200);

  good(await chargeByCard(user, { amount: 500, paymentKey: `ok-${randomUUID()}` }), 200);
  for (const script of ["decline", "timeout"]) refusals.push(await chargeByCard(user, { amount: 500, paymentKey: `${script}-${randomUUID()}` }));

  // Requests that carry more than they should.
  const { orderId } = whole;
  const card = PLANTED.card;
  refusals.push(
    await user.post("/payments", { orderId, method: "CARD", paymentKey: "k", card }),
    await user.post("/payments", { orderId, method: card, paymentKey: "k" }),
    await user.post(`/orders/${orderId}/cancel`, { refundReceiveAccount: { ...receiveAccount, holderName: PLANTED.holder.repeat(20) } }),
    await user.post(`/users/${user.id}/balance/charge`, { amount: 1, chargeId: await openCharge(user, 2), paymentKey: "k", card }),
    await user.post("/payments", `{"card":"${card}",`),
  );
  await settle();
  const { payments } = good(await operator.get("/admin/payments/attention"), 200) as { payments: { id: string; outcomes: string[] }[] };
  assert.ok(payments.length > 0);
  for (const { id, outcomes } of payments)
    good(await operator.post(`/admin/payments/${id}/resolve`, { outcome: outcomes.at(-1), reason: "checked" }), 200);
  good(await operator.get("/admin/reconciliation"), 200);
  good(await operator.get("/admin/payments?limit=100"), 200);
  return refusals.filter(({ status }) => status >= 400).map(({ text }) => text);
}

/** The columns, as table.column, in which this text occurs. */
async function columnsWith(text: string): Promise<string[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string; column: string }>(
      `SELECT table_name AS table, column_name AS column FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    );
    const found: string[] = [];
    for (const { table, column } of rows) {
      const { rowCount } = await client.query(`SELECT FROM "${table}" WHERE position($1 in "${column}"::text) > 0 LIMIT 1`, [text]);
      if (rowCount) found.push(`${table}.${column}`);
    }
    return found;
  } finally {
    await client.end();
  }
}

test("card data, secrets and personal data of payments stay out of output, events, refusals and all but their own columns", async () => {
  const refusals = await everyFlow();
  const report = await jangnal(["reconcile", "--json"], env);
  assert.ok(shop);
  shop.child.kill("SIGTERM");
  const { output } = await shop.ended;
  const texts = { output, refusals: refusals.join("\n"), report: report.output, events: readFileSync(join(folder, "events.ndjson"), "utf8") };

  // The search finds the planted texts in the places that may have them, so it would find leaks, too.
  assert.ok(planted > 50, "the gateway has planted");
  assert.ok(refusals.length > 8 && texts.events.includes("payment.declined") && output.includes("requestId"));
  for (const [kind, columns] of Object.entries(KEPT_IN))
    assert.deepEqual((await columnsWith(KEPT[kind as keyof typeof KEPT])).toSorted(), [...columns].toSorted(), kind);

  const leaks: string[] = [];
  for (const [kind, text] of Object.entries({ ...PLANTED, ...KEPT })) {
    for (const [place, content] of Object.entries(texts)) if (content.includes(text)) leaks.push(`${kind} in ${place}`);
    if (kind in PLANTED) leaks.push(...(await columnsWith(text)).map((column) => `${kind} in ${column}`));
  }
  assert.deepEqual(leaks, []);
});

/** Whether the last digit is the check digit of a card number (Luhn). */
function isCardNumber(digits: string): boolean {
  const sum = [...digits].toReversed().reduce((total, character, i) => {
    const digit = Number(character) * (i % 2 === 0 ? 1 : 2);
    return total + (digit > 9 ? digit - 9 : digit);
  }, 0);
  return sum % 10 === 0;
}

test("no card number, and no live key of a gateway, stands in documents, examples and tests", () => {
  const root = join(import.meta.dirname, "../..");
  const files = globSync(["docs/**/*.md", "test/**/*.{ts,json}", "src/**/*.{ts,json}", "*.md"], { cwd: root });
  const found = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const numbers = text.match(/(?<![\d.-])(?:4\d{3}|5[1-5]\d\d|9\d{3})([ -]?)\d{4}\1\d{4}\1\d{4}(?![\d-])/g) ?? [];
    const keys = text.match(/\blive_g?sk_\w{8,}/g) ?? [];
    return [...numbers.filter((number) => isCardNumber(number.replaceAll(/\D/g, ""))), ...keys].map((match) => `${match} in ${file}`);
  });
  assert.ok(files.length > 300 && isCardNumber(`4${"1".repeat(15)}`) && !isCardNumber(PLANTED.card));
  assert.deepEqual(found, []);
});
