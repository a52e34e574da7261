// The connection on which instances receive notifications: it reconnects by itself, and once.

import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { Listener } from "../../src/database/listener.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";

// Without the check of the connection in `lost`, each failed attempt would start two more, without
// end.
test("while the database is away the listener makes one attempt at a time, and then receives each message once", async () => {
  const { url, drop } = await freshDatabase();
  const proxy = await FaultProxy.open(url);
  const messages: string[] = [];
  let failures = 0;
  let gaps = 0;
  let notify = (): void => {};
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) await new Promise<void>((resolve) => (notify = resolve));
  };
  const count = (action: () => void) => (): void => {
    action();
    notify();
  };
  const listener = new Listener({
    url: proxy.url,
    channel: "test",
    onMessage: (message) => count(() => messages.push(message))(),
    onGap: count(() => gaps++),
    onError: count(() => failures++),
    retryMs: 1,
  });
  await listener.start();
  assert.equal(gaps, 1, "messages may be lost before the first connection");

  proxy.disconnect();
  await until(() => failures > 10);
  assert.equal(gaps, 2, "messages may be lost while the connection is down");
  proxy.reconnect();
  await until(() => gaps > 2);

  const sender = new pg.Client({ connectionString: url });
  await sender.connect();
  await sender.query("NOTIFY test, 'one'");
  await sender.query("NOTIFY test, 'two'");
  await until(() => messages.includes("two"));
  assert.deepEqual({ messages, gaps }, { messages: ["one", "two"], gaps: 3 });
  await sender.end();
  await listener.stop();
  await proxy.close();
  await drop();
});

// Fails without the heartbeat: TCP does not find out for minutes, and behind a proxy never.
test("a listener whose connection is silent reconnects, and receives messages again", { timeout: 60_000 }, async () => {
  const { url, drop } = await freshDatabase();
  const proxy = await FaultProxy.open(url);
  const messages: string[] = [];
  const lost = Promise.withResolvers<void>();
  const received = Promise.withResolvers<void>();
  const back = Promise.withResolvers<void>();
  let gaps = 0;
  const listener = new Listener({
    url: proxy.url,
    channel: "test",
    onMessage: (message) => (messages.push(message), received.resolve()),
    onGap: () => (++gaps === 2 ? lost.resolve() : gaps === 3 && back.resolve()),
    onError: () => {},
    retryMs: 1,
    heartbeatMs: 50,
  });
  await listener.start();
  proxy.fault = "half open";
  await lost.promise;
  proxy.fault = "none";
  await back.promise;
  const sender = new pg.Client({ connectionString: url });
  await sender.connect();
  await sender.query("NOTIFY test, 'one'");
  await received.promise;
  assert.deepEqual(messages, ["one"]);
  await sender.end();
  await listener.stop();
  await proxy.close();
  await drop();
});
