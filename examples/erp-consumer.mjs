// A small ERP behind the shop's webhook. It verifies each event by Standard Webhooks, books sales and refunds once, and reports the parcel
// back to the shop. Needs Node only:
//   WEBHOOK_SECRET=whsec_… SHOP_URL=http://127.0.0.1:3000 SHOP_TOKEN=… BOOKS=books.ndjson PORT=8080 node examples/erp-consumer.mjs
// The shop sends to it with DATA_PLATFORM_URL=https://… and DATA_PLATFORM_WEBHOOK_SECRET. The token needs the permission `fulfilment`.

import { createHmac, timingSafeEqual } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const { WEBHOOK_SECRET = "", SHOP_URL = "", SHOP_TOKEN = "", BOOKS = "books.ndjson", PORT = "8080" } = process.env;
const KEY = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
if (KEY.length === 0) throw new Error("WEBHOOK_SECRET is required: without it, events could be forged");
const TOLERANCE_S = 300;

/** The ids of booked events: an event may be delivered more than once, also after a restart. */
const booked = new Set(
  existsSync(BOOKS)
    ? readFileSync(BOOKS, "utf8")
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).event)
    : [],
);

/** Standard Webhooks: an HMAC over id, time and body, of a recent request. Several keys may have signed. */
function isGenuine(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signatures = "" } = headers;
  if (Math.abs(Date.now() / 1000 - Number(time)) > TOLERANCE_S) return false;
  const expected = createHmac("sha256", KEY).update(`${id}.${time}.`).update(body).digest();
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function book(event, type, amount) {
  if (booked.has(event.id)) return;
  appendFileSync(BOOKS, `${JSON.stringify({ event: event.id, type, orderNumber: event.data.orderNumber, amount })}\n`);
  booked.add(event.id);
}

/** The key makes a repeated report the same parcel. Errors: the shop cannot be reached, or did not answer for good. */
async function reportShipment({ orderId }) {
  const response = await fetch(`${SHOP_URL}/admin/orders/${orderId}/shipments`, {
    method: "POST",
    headers: { authorization: `Bearer ${SHOP_TOKEN}`, "content-type": "application/json", "idempotency-key": `erp-parcel-${orderId}` },
    body: JSON.stringify({ carrier: "CJ대한통운", trackingNumber: `ERP-${orderId.slice(-12)}` }),
  });
  // 409: the order was cancelled meanwhile.
  if (!response.ok && response.status !== 409) throw new Error(`the shop answered ${response.status}`);
}

async function handle(event) {
  if (event.type === "jangnal.order.completed") {
    book(event, "SALE", event.data.paidAmount);
    await reportShipment(event.data);
  }
  if (event.data.refund) book(event, "REFUND", -event.data.refund.amount);
}

const server = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (!isGenuine(request.headers, body)) return response.writeHead(401).end();
    await handle(JSON.parse(body.toString()));
    response.writeHead(204).end();
  } catch (error) {
    console.error(error.message);
    response.writeHead(503, { "retry-after": "5" }).end(); // The shop sends the event again.
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
