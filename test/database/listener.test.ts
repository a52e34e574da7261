// The line on which instances talk: it comes up again by itself, and once.

import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { Listener } from "../../src/database/listener.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";

// Goes red when `lost` does not ask whether the line was up: each failed try would then bring two more, without end.
test("a database that stays away is tried again one try at a time, and then heard once", async () => {
  const { url, drop } = await freshDatabase();
  const line = await FaultProxy.open(url);
  const heard: string[] = [];
  let failures = 0;
  let gaps = 0;
  let moved = (): void => {};
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) await new Promise<void>((resolve) => (moved = resolve));
  };
  const count = (what: () => void) => (): void => {
    what();
    moved();
  };
  const listener = new Listener({
    url: line.url,
    channel: "test",
    onMessage: (message) => count(() => heard.push(message))(),
    onGap: count(() => gaps++),
    onError: count(() => failures++),
    retryMs: 1,
  });
  await listener.start();
  assert.equal(gaps, 1, "nobody knows what was said before it listened");

  line.disconnect();
  await until(() => failures > 10);
  assert.equal(gaps, 2, "nor what is said while it is down");
  line.reconnect();
  await until(() => gaps > 2);

  const speaker = new pg.Client({ connectionString: url });
  await speaker.connect();
  await speaker.query("NOTIFY test, 'one'");
  await speaker.query("NOTIFY test, 'two'");
  await until(() => heard.includes("two"));
  assert.deepEqual({ heard, gaps }, { heard: ["one", "two"], gaps: 3 });
  await speaker.end();
  await listener.stop();
  await line.close();
  await drop();
});
