// Turns red without: the sink and the period in `requestReplays`, the limit of `sinksOf`, the counts per data platform.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { good, openTestShop, refused, type TestShop } from "../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../support/webhook-receiver.ts";

let shop: TestShop;
let platform: WebhookReceiver;
before(async () => {
  platform = new WebhookReceiver();
  await platform.listen();
  shop = await openTestShop({ env: { DATA_PLATFORM_URL: platform.url, DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET } });
});
after(async () => {
  await shop.close();
  await platform.close();
});

const list = async (
  query = "",
): Promise<{ events: { id: string; orderId: string; createdAt: string }[]; counts: { sink: string; waiting: number; dead: number }[] }> =>
  good(await shop.operator.get(`/admin/events?limit=100${query}`), 200);

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds());) {
    assert.ok(Date.now() < deadline, "it did not happen");
    await shop.shop.database.pool.query("UPDATE letters SET next_attempt_at = now() WHERE status = 'WAITING' AND next_attempt_at < 'infinity'");
  }
}

test("dead letters are counted per data platform and sent again together, of a period and of one data platform", async () => {
  platform.answer = () => ({ status: 422 });
  const buyer = await shop.user({ balance: 10_000 });
  const { id } = await shop.product({ price: 1000 });
  for (let i = 0; i < 3; i++) good(await buyer.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 201);
  await eventually(async () => (await list("&status=DEAD")).events.length === 3);
  const { events, counts } = await list("&status=DEAD");
  assert.equal(counts.length, 1);
  const sink = counts[0]?.sink as string;
  assert.deepEqual(counts[0], { sink, waiting: 0, dead: 3, lastError: null });
  assert.equal((await list(`&status=DEAD&sink=${encodeURIComponent(sink)}`)).events.length, 3);
  refused(await shop.operator.get("/admin/events?sink=elsewhere"), 400, "INVALID_REQUEST");

  platform.answer = () => ({ status: 204 });
  const replay = async (body: Record<string, unknown>): Promise<number> =>
    good(await shop.operator.post("/admin/events/replay", { status: "DEAD", ...body }), 200).replayed;
  refused(await shop.operator.post("/admin/events/replay", { status: "DEAD", sink: "elsewhere" }), 400, "INVALID_REQUEST");
  refused(await shop.operator.post("/admin/events/replay", { status: "DEAD", from: "soon" }), 400, "INVALID_REQUEST");
  refused(await shop.operator.post("/admin/events/replay", {}), 400, "INVALID_REQUEST");
  assert.equal(await replay({ to: "2020-01-01" }), 0);
  assert.equal(await replay({ from: "2999-01-01T00:00:00Z" }), 0);
  // The newest event only: `from` is included.
  const newest = events[0]?.createdAt;
  const received = platform.received.length;
  assert.equal(await replay({ sink, from: newest }), 1);
  await eventually(async () => (await list("&status=DEAD")).events.length === 2);
  assert.equal(await replay({}), 2);
  assert.equal(await replay({}), 0);
  await eventually(async () => (await list()).events.every((event) => (event as unknown as { status: string }).status === "DELIVERED"));
  assert.deepEqual((await list()).counts, [{ sink, waiting: 0, dead: 0, lastError: null }]);
  assert.equal(platform.received.length, received + 3, "each event was sent once more");
});
