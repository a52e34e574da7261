// The sample consumer examples/erp-consumer.mjs, as a process beside a shop that sends it events.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { WEBHOOK_SECRET } from "../support/webhook-receiver.ts";

const folder = mkdtempSync(join(tmpdir(), "jangnal-erp-"));
const BOOKS = join(folder, "books.ndjson");
let shop: TestShop;
let buyer: Client;
let port: number;
let erp: ChildProcess | undefined;

before(async () => {
  port = await freePort();
  shop = await openTestShop({ env: { DATA_PLATFORM_URL: `http://127.0.0.1:${port}/`, DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET } });
  buyer = await shop.user({ balance: 100_000 });
});
after(async () => {
  await stopErp();
  await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return free;
}

async function startErp(): Promise<void> {
  const env = { WEBHOOK_SECRET, SHOP_URL: shop.url, SHOP_TOKEN: shop.operator.token, BOOKS, PORT: String(port) };
  const script = join(import.meta.dirname, "../../examples/erp-consumer.mjs");
  erp = spawn(process.execPath, [script], { env: { PATH: process.env.PATH ?? "", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  erp.stderr?.pipe(process.stderr);
  await once(erp.stdout as NodeJS.ReadableStream, "data");
}

async function stopErp(): Promise<void> {
  if (!erp || erp.exitCode !== null || erp.signalCode !== null) return;
  erp.kill();
  await once(erp, "exit");
}

type Row = { event: string; type: string; orderNumber: string; amount: number };
const books = (): Row[] =>
  existsSync(BOOKS)
    ? readFileSync(BOOKS, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

async function order(): Promise<{ orderId: string; orderNumber: string }> {
  const product = await shop.product({ price: 1000 });
  return good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }] }), 201);
}

/** Delivers until the orders are shipped. */
async function shipped(orderIds: string[]): Promise<void> {
  for (const orderId of orderIds)
    while (good(await buyer.get(`/orders/${orderId}`), 200).fulfilmentStatus !== "SHIPPED") await shop.operator.post("/admin/jobs/relay-events/run");
}

test("the sample consumer books each sale and refund once, and reports one parcel an order, also after a restart", async () => {
  const early = await order();
  await startErp();
  const late = await order();
  await shipped([early.orderId, late.orderId]);
  await stopErp();
  await startErp();
  good(await shop.operator.post(`/admin/orders/${late.orderId}/refunds`, { reason: "파손" }), 200);
  while (!books().some(({ type }) => type === "REFUND")) await shop.operator.post("/admin/jobs/relay-events/run");

  const { events } = good(await shop.operator.get("/admin/events?limit=100"), 200);
  for (const { id } of events) good(await shop.operator.post(`/admin/events/${id}/replay`), 200);
  good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
  const booked = books().map(({ type, orderNumber, amount }) => [type, orderNumber, amount]);
  assert.deepEqual(
    booked.toSorted(),
    [
      ["REFUND", late.orderNumber, -2000],
      ["SALE", early.orderNumber, 2000],
      ["SALE", late.orderNumber, 2000],
    ].toSorted(),
  );
  for (const { orderId } of [early, late]) assert.equal(good(await buyer.get(`/orders/${orderId}`), 200).shipments.length, 1);
});

/** Sends an event whose signature is wrong. Returns the status. */
async function forge(): Promise<number> {
  const headers = {
    "webhook-id": "forged",
    "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
    "webhook-signature": `v1,${Buffer.alloc(32).toString("base64")}`,
  };
  const body = JSON.stringify({ id: "forged", type: "jangnal.order.completed", data: { orderId: "x", paidAmount: 1 } });
  return (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body })).status;
}

test("the sample consumer goes on after a request that broke off", async () => {
  const socket = connect(port, "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nhost: erp\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n");
  // The consumer reads the body now.
  await once(socket, "data");
  socket.destroy();
  await once(erp?.stderr as NodeJS.ReadableStream, "data");
  assert.equal(await forge(), 401);
});

test("the sample consumer books no event whose signature is wrong", async () => {
  const before = books().length;
  assert.equal(await forge(), 401);
  assert.equal(books().length, before);
});
