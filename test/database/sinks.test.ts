// The data platforms that need no external server: the event file, and a webhook with all its
// responses.

import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { readConfig } from "../../src/config.ts";
import { ConfigError } from "../../src/env.ts";
import { FileSink } from "../../src/outbox/sinks/file-sink.ts";
import { nameOf } from "../../src/outbox/sinks/open-sinks.ts";
import { SinkThrottled, SinkGone } from "../../src/outbox/sinks/sink.ts";
import { signature, WebhookSink } from "../../src/outbox/sinks/webhook-sink.ts";
import { event, newOrder, sinkContract } from "../support/contract/sinks.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../support/webhook-receiver.ts";
import { good, openTestShop, type TestShop } from "../support/shop.ts";

sinkContract("a file", async () => {
  const dir = mkdtempSync(join(tmpdir(), "jangnal-sink-"));
  const sink = new FileSink(dir);
  return {
    sink,
    deduplicates: false,
    received: async () =>
      readFileSync(sink.path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    remove: async () => rmSync(dir, { recursive: true }),
  };
});

// Fails without `cutLostData`: the file keeps a line of zeros, and a reader of all lines fails.
test("an event file in which a power loss left zeros is cut before them, and goes on", async () => {
  const dir = mkdtempSync(join(tmpdir(), "jangnal-sink-"));
  const [kept, lost, behind, next] = [event(newOrder()), event(newOrder()), event(newOrder()), event(newOrder())];
  const path = new FileSink(dir).path;
  try {
    await new FileSink(dir).deliver([kept]);
    // Two lines of one delivery: a part of the first is lost, the second is complete.
    const line = JSON.stringify(lost);
    appendFileSync(path, `${line.slice(0, 20)}${"\0".repeat(512)}${line.slice(20)}\n${JSON.stringify(behind)}\n`);
    await new FileSink(dir).deliver([lost, behind, next]);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    assert.deepEqual(
      lines.map((text) => JSON.parse(text).id),
      [kept, lost, behind, next].map(({ id }) => id),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

sinkContract("a webhook", async () => {
  const receiver = new WebhookReceiver();
  await receiver.listen();
  const port = Number(new URL(receiver.url).port);
  return {
    sink: new WebhookSink({ name: "webhook", url: receiver.url, secret: WEBHOOK_SECRET }),
    deduplicates: false,
    received: async () => receiver.received,
    kill: () => receiver.close(),
    start: () => receiver.listen(port),
    remove: () => receiver.close(),
  };
});

describe("the responses of a webhook", () => {
  let receiver: WebhookReceiver;
  let sink: WebhookSink;
  beforeEach(async () => {
    receiver = new WebhookReceiver();
    await receiver.listen();
    sink = new WebhookSink({ name: "webhook", url: receiver.url, secret: WEBHOOK_SECRET });
  });
  afterEach(async () => {
    await sink.close();
    await receiver.close();
  });
  const reasonOf = async (one: WebhookSink): Promise<string> => [...((await one.deliver(events(1))).unclear?.values() ?? [])][0]?.message ?? "";
  const events = (count: number): ReturnType<typeof event>[] => Array.from({ length: count }, () => event(newOrder()));

  // The signed text and the key must be those of the specification.
  test("the example of the webhook specification has the specified signature", () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const [id, at, body] = ["msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'];
    assert.equal(signature(Buffer.from(secret.slice(6), "base64"), id, at, body), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("during a change of the webhook secret both the old and the new secret verify the signature", async () => {
    const newSecret = `whsec_${Buffer.from("another key of thirty-two bytes!").toString("base64")}`;
    const sinkWithBoth = new WebhookSink({ name: "webhook", url: receiver.url, secret: `${newSecret} ${WEBHOOK_SECRET}` });
    await sinkWithBoth.deliver(events(1));
    assert.equal(receiver.received.length, 1);
    assert.throws(() => new Webhook(newSecret).verify("{}", { "webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x" }));
  });

  test("an event that a webhook refuses is reported, and the others are delivered", async () => {
    const sent = events(20);
    receiver.answer = ({ id }) => ({ status: id === sent[7]?.id ? 422 : 204 });
    assert.deepEqual([...(await sink.deliver(sent)).failed.keys()], [sent[7]?.id]);
    assert.equal(receiver.received.length, 19);
  });

  // Without `startedAt < lastTaken` one event that fails its receiver would cost another call each
  // time.
  for (const status of [500, 502, 503, 504, 410, 401])
    test(`a ${status} for one event among many refuses that event`, async () => {
      const sent = events(40);
      receiver.answer = ({ id }) => ({ status: id === sent[3]?.id ? status : 204, headers: { "retry-after": "60" } });
      assert.deepEqual([...(await sink.deliver(sent)).failed.keys()], [sent[3]?.id]);
      assert.equal(receiver.received.length, 39);
    });

  test("a connection that breaks for one event among many refuses that event", async () => {
    const sent = events(40);
    receiver.breaks = ({ id }) => id === sent[3]?.id;
    assert.deepEqual([...(await sink.deliver(sent)).failed.keys()], [sent[3]?.id]);
    assert.equal(receiver.received.length, 39);
  });

  test("a 500 for all events leaves all unclear and soon stops the sending", async () => {
    receiver.answer = () => ({ status: 500 });
    const { failed, unclear } = await sink.deliver(events(250));
    assert.deepEqual([failed.size, unclear?.size], [0, 250]);
    assert.ok(receiver.requests <= 24, `${receiver.requests} requests`);
  });

  test("a webhook's Retry-After is honored, in seconds and as a date", async () => {
    receiver.answer = () => ({ status: 503, headers: { "retry-after": "7" } });
    const [busy] = (await sink.deliver(events(1))).unclear?.values() ?? [];
    assert.ok(busy instanceof SinkThrottled && busy.waitMs === 7000);
    receiver.answer = () => ({ status: 429, headers: { "retry-after": new Date(Date.now() + 60_000).toUTCString() } });
    const [limited] = (await sink.deliver(events(1))).unclear?.values() ?? [];
    assert.ok(limited instanceof SinkThrottled && limited.waitMs > 50_000 && limited.waitMs <= 60_000);
  });

  // If 429 counted for the event, a rate limit would turn events into dead letters.
  test("a 429 refuses no event", async () => {
    const sent = events(40);
    receiver.answer = ({ id }) => ({ status: id === sent[3]?.id ? 429 : 204 });
    const { failed, unclear } = await sink.deliver(sent);
    assert.equal(failed.size, 0);
    assert.ok(unclear?.get(sent[3]?.id ?? "") instanceof SinkThrottled);
  });

  test("a 410 reports that the webhook is gone", async () => {
    receiver.answer = () => ({ status: 410 });
    const { unclear } = await sink.deliver(events(5));
    assert.equal([...(unclear?.values() ?? [])].filter((error) => error instanceof SinkGone).length, 5);
  });

  test("a webhook's redirect is not followed, and a missing response ends at the timeout", async () => {
    receiver.answer = () => ({ status: 307, headers: { location: receiver.url } });
    assert.match(await reasonOf(sink), /307/);
    receiver.answer = () => new Promise(() => {});
    const impatient = new WebhookSink({ name: "webhook", url: receiver.url, secret: WEBHOOK_SECRET, timeoutMs: 200 });
    assert.match(await reasonOf(impatient), /timeout/i);
    await impatient.close();
  });
});

describe("a shop with several data platforms", () => {
  let alive: WebhookReceiver;
  let other: WebhookReceiver;
  let shop: TestShop;
  before(async () => {
    [alive, other] = [new WebhookReceiver(), new WebhookReceiver()];
    await Promise.all([alive.listen(), other.listen()]);
    shop = await openTestShop({ env: { DATA_PLATFORM_URL: `${alive.url},${other.url}/other,file`, DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET } });
  });
  after(async () => {
    await shop.close();
    await alive.close();
    await other.close();
  });

  async function sell(): Promise<string> {
    const product = await shop.product({ price: 10 });
    const user = await shop.user({ balance: 10 });
    return good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201).orderId;
  }
  const has = (receiver: WebhookReceiver, order: string) => () => receiver.received.some(({ subject }) => subject === order);
  const stateOf = async (name: string): Promise<{ failures: number; gone: boolean }> =>
    (
      await shop.shop.database.pool.query<{ failures: number; gone: boolean }>(
        "SELECT failures, next_attempt_at = 'infinity' AS gone FROM sinks WHERE name = $1",
        [name],
      )
    ).rows[0] as { failures: number; gone: boolean };
  const otherName = (): string => nameOf(new URL(`${other.url}/other`));

  test("a failing data platform delays no other, and gets every event when it works again", async () => {
    other.answer = () => ({ status: 500 });
    const orders = [await sell(), await sell()];
    for (const order of orders) await until(has(alive, order));
    await until(async () => (await stateOf(otherName())).failures > 0);
    other.answer = () => ({ status: 204 });
    for (const order of orders) await until(has(other, order));
  });

  // The test fails without `disable` in the dispatcher, without `< 'infinity'` in its statement,
  // and without `enableSinks`.
  test("a 410 stops deliveries to a data platform until an operator replays an event", async () => {
    other.answer = () => ({ status: 410 });
    const order = await sell();
    await until(async () => (await stateOf(otherName())).gone);
    const { requests } = other;
    good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
    assert.equal(other.requests, requests);
    other.answer = () => ({ status: 204 });
    const { events } = good(await shop.operator.get("/admin/events?status=WAITING"), 200);
    good(await shop.operator.post(`/admin/events/${events[0].id}/replay`), 200);
    await until(has(other, order));
    assert.equal((await stateOf(otherName())).gone, false);
  });
});

test("an invalid data platform stops the start with a line that names the setting", () => {
  const invalid = {
    "ftp://x/y": "DATA_PLATFORM_URL",
    "http://example.com/x": "DATA_PLATFORM_URL",
    "nats://a,nats://a": "DATA_PLATFORM_URL",
    "https://example.com/x": "DATA_PLATFORM_WEBHOOK_SECRET",
    "nats://a:4222/SHOP?servers=b;c:4222": "servers",
    "nats://a:4222/SHOP?replicas=many": "replicas",
  };
  for (const [DATA_PLATFORM_URL, name] of Object.entries(invalid))
    assert.throws(
      () => readConfig({ DATA_PLATFORM_URL }),
      (error) => error instanceof ConfigError && error.message.includes(name) && !error.message.includes("\n"),
    );
  assert.throws(
    () => readConfig({ DATA_PLATFORM_URL: "https://example.com/x", DATA_PLATFORM_WEBHOOK_SECRET: "whsec_dG9vIHNob3J0" }),
    /DATA_PLATFORM_WEBHOOK_SECRET/,
  );
});

test("the name of a sink contains no secret", () => {
  const name = nameOf(new URL("https://user:pw@example.com/hooks/T0K3N?key=s3cret"));
  assert.match(name, /^https:\/\/example\.com#[0-9a-f]{8}$/);
  assert.notEqual(name, nameOf(new URL("https://example.com/hooks/other")));
});

// Fails if `servers` and `replicas` are part of the name: the larger cluster would get all events from the first.
test("a cluster of NATS that gets further servers stays the same sink", () => {
  const name = nameOf(new URL("nats://a:4222/SHOP"));
  assert.equal(nameOf(new URL("nats://a:4222/SHOP?servers=b:4222;c:4222&replicas=3")), name);
  assert.notEqual(nameOf(new URL("nats://a:4222/OTHER?servers=b:4222")), name);
});

async function until(condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await condition());) {
    if (Date.now() > deadline) assert.fail(`not within ${ms} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
