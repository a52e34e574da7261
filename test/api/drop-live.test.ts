// The stream that a drop's pages follow.

import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { good, openTestShop, refused, type TestShop } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other: beside } = await twoInstances();

type DropEvent = { status: string; remaining: number; entries: number; called: number; serverTime: string };
const UNKNOWN_ID = "01a1f8a8-188e-7001-826f-f4254ba20003";
const WITHIN_MS = 60_000;

async function drop(fields: Record<string, unknown> = {}): Promise<{ id: string; variantId: string }> {
  const product = await shop.product({ stock: 3 });
  const body = { name: "한정판", productId: product.id, opensAt: new Date().toISOString(), ...fields };
  const { id } = good(await shop.operator.post("/admin/drops", body), 201);
  return { id, variantId: product.variants[0]?.id ?? "" };
}

const changeStock = async (variantId: string, delta: number): Promise<void> =>
  void good(await shop.operator.post(`/admin/variants/${variantId}/stock`, { delta, reason: "test" }), 200);

/** A listener that keeps all events, and the bytes of the stream. */
class Listener {
  readonly events: DropEvent[] = [];
  readonly response: IncomingMessage;
  text = "";
  ended = false;
  #notify: () => void = () => {};

  constructor(response: IncomingMessage) {
    this.response = response;
    response.on("data", (chunk) => {
      this.text += String(chunk);
      const all = [...this.text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = ""]) => JSON.parse(data) as DropEvent);
      this.events.splice(0, this.events.length, ...all);
      this.#notify();
    });
    response.on("end", () => {
      this.ended = true;
      this.#notify();
    });
    response.on("error", () => {});
  }

  static async of(at: TestShop, dropId: string, query = ""): Promise<Listener> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${at.url}/drops/${dropId}/live${query}`, { agent: false }, resolve).on("error", reject);
    });
    assert.equal(response.statusCode, 200);
    return new Listener(response);
  }

  async until(holds: (latest: DropEvent | undefined) => boolean): Promise<DropEvent> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no such event: ${this.text}`)), WITHIN_MS);
    try {
      while (!holds(this.events.at(-1))) await Promise.race([late.promise, new Promise<void>((resolve) => (this.#notify = resolve))]);
      return this.events.at(-1) as DropEvent;
    } finally {
      clearTimeout(timer);
    }
  }

  leave(): void {
    this.response.destroy();
  }
}

test("a listener gets the current state at once, as a stream that nothing on the way may keep", async () => {
  const { id } = await drop();
  const listener = await Listener.of(shop, id);
  const first = await listener.until((event) => event !== undefined);
  assert.deepEqual({ ...first, serverTime: "" }, { status: "OPEN", remaining: 3, entries: 0, called: 0, serverTime: "" });
  assert.ok(!Number.isNaN(Date.parse(first.serverTime)));
  const { headers } = listener.response;
  assert.deepEqual([headers["content-type"], headers["x-accel-buffering"], headers["cache-control"]], ["text/event-stream", "no", "no-store"]);
  assert.equal(headers["x-content-type-options"], "nosniff");
  listener.leave();
});

test("listeners of two instances learn that the drop is sold out, and that it is not any more", async () => {
  const { id, variantId } = await drop();
  const listeners = await Promise.all([Listener.of(shop, id), Listener.of(shop, id), Listener.of(beside, id)]);
  for (const listener of listeners) await listener.until((event) => event?.status === "OPEN");
  await changeStock(variantId, -3);
  for (const listener of listeners) assert.equal((await listener.until((event) => event?.status === "SOLD_OUT")).remaining, 0);
  await changeStock(variantId, 2);
  for (const listener of listeners) assert.equal((await listener.until((event) => event?.status === "OPEN")).remaining, 2);
  for (const listener of listeners) listener.leave();
});

test("a drop is told to be open when it opens, never before", async () => {
  const { id } = await drop({ opensAt: new Date(Date.now() + 3_600_000).toISOString() });
  const listeners = await Promise.all([Listener.of(shop, id), Listener.of(beside, id)]);
  for (const listener of listeners) assert.equal((await listener.until((event) => event !== undefined)).status, "UPCOMING");
  const opensAt = new Date(Date.now() + 1000).toISOString();
  good(await shop.operator.patch(`/admin/drops/${id}`, { opensAt }), 200);
  for (const listener of listeners) {
    const open = await listener.until((event) => event?.status === "OPEN");
    assert.ok(Date.parse(open.serverTime) >= Date.parse(opensAt));
    listener.leave();
  }
});

test("between two events that differ only in numbers is a second", async () => {
  const { id, variantId } = await drop();
  const listener = await Listener.of(shop, id);
  await listener.until((event) => event !== undefined);
  let changes = 0;
  const changing = (async () => {
    for (; listener.events.length < 4; changes++) await changeStock(variantId, 1);
  })();
  await listener.until(() => listener.events.length >= 4);
  await changing;
  const times = listener.events.map(({ serverTime }) => Date.parse(serverTime));
  for (const [i, time] of times.entries()) if (i > 1) assert.ok(time - (times[i - 1] ?? 0) >= 990, times.join());
  assert.ok(changes > 4);
  listener.leave();
});

test("HEAD gets the header fields alone, and the connection goes on", async () => {
  const { id } = await drop();
  const answer = await shop.anyone("HEAD", `/drops/${id}/live`);
  assert.deepEqual([answer.status, answer.text, answer.headers["content-type"]], [200, "", "text/event-stream"]);
});

test("a stream ends after `seconds`", async () => {
  const { id } = await drop();
  const answer = await shop.anyone("GET", `/drops/${id}/live?seconds=1`);
  assert.match(answer.text, /^retry: 2000\n\ndata: \{"status":"OPEN",/);
  refused(await shop.anyone("GET", `/drops/${id}/live?seconds=0`), 400, "INVALID_REQUEST");
});

test("a drop that does not exist has no stream", async () => {
  refused(await shop.anyone("GET", `/drops/${UNKNOWN_ID}/live`), 404, "DROP_NOT_FOUND");
  refused(await shop.anyone("GET", "/drops/1/live"), 400, "INVALID_REQUEST");
});

test("a shutdown ends all streams", async () => {
  const other = await openTestShop({ beside: shop });
  const { id } = await drop();
  const listeners = await Promise.all([1, 2, 3].map(() => Listener.of(other, id)));
  for (const listener of listeners) await listener.until((event) => event !== undefined);
  await other.close();
  for (const listener of listeners) {
    await listener.until(() => listener.ended);
    assert.ok(listener.response.complete, "the stream has its last chunk");
  }
});
