// The names and kinds of the metrics, and how metrics, readiness and the log report events and
// money that wait for other systems.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { BacklogLog } from "../../src/backlog/backlog-log.ts";
import { type Backlog, backlogChecks, BacklogReader, warningsOf } from "../../src/backlog/backlog.ts";
import { COUNTED_MAX, selectMoneyInDoubt, selectSinkBacklogs } from "../../src/backlog/backlog.sql.ts";
import type { Database } from "../../src/database/pool.ts";
import { newId } from "../../src/ids.ts";
import { nameOf } from "../../src/outbox/sinks/open-sinks.ts";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../support/webhook-receiver.ts";

type Metric = { name: string; type: string; help: string };

function metricsIn(text: string): Metric[] {
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = "", help = ""]) => [name, help]));
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({ name, type, help: helps.get(name) ?? "" }));
}

/** The rules of `promtool check metrics` that can be checked without promtool. */
function violationsOf({ name, type, help }: Metric): string[] {
  return [
    ...(help.trim() === "" ? ["has no help text"] : []),
    ...(type === "counter" && !name.endsWith("_total") ? ["is a counter whose name does not end in _total"] : []),
    ...(type !== "counter" && name.endsWith("_total") ? ["is no counter and its name ends in _total"] : []),
    ...(type !== "histogram" && type !== "summary" && /_(count|sum|bucket)$/.test(name) ? ["has the suffix of a histogram"] : []),
    ...(/_(ms|milliseconds|minutes|hours|s|kb|mb|kilobytes)(_total)?$/.test(name) ? ["is not in a base unit"] : []),
    ...(/^[a-z][a-z0-9_]*$/.test(name) ? [] : ["is not in snake case"]),
  ];
}

describe("the metrics of a shop", () => {
  let receiver: WebhookReceiver;
  let shop: TestShop;
  const pool = () => shop.shop.database.pool;
  const metrics = async (): Promise<string> => good(await shop.anyone("GET", "/metrics"), 200);
  const valueOf = (text: string, name: string, labels: string): number | undefined => {
    const line = text.split("\n").find((one) => one.startsWith(`${name}{${labels}} `));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
  };

  before(async () => {
    receiver = new WebhookReceiver();
    await receiver.listen();
    // No Redis listens at this address. Its metrics exist anyway.
    const env = { REDIS_URL: "redis://127.0.0.1:1", DATA_PLATFORM_URL: receiver.url, DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET };
    shop = await openTestShop({ env });
  });
  after(async () => {
    await shop.close();
    await receiver.close();
  });

  test("names, kinds and help texts of all metrics follow the rules of Prometheus", async () => {
    const found = metricsIn(await metrics());
    assert.ok(
      ["jangnal_redis_up", "jangnal_till_rounds_total", "jangnal_events_waiting", "jangnal_money_in_doubt"].every((name) =>
        found.some((one) => one.name === name),
      ),
    );
    assert.deepEqual(
      found.flatMap((metric) => violationsOf(metric).map((violation) => `${metric.name} ${violation}`)),
      [],
    );
  });

  test("the check of metrics finds a violation of each rule", () => {
    const violations = (name: string, type: string): number => violationsOf({ name, type, help: "x" }).length;
    assert.deepEqual(
      [violations("a_total", "gauge"), violations("a", "counter"), violations("a_ms", "gauge"), violations("aB", "gauge"), violations("a", "gauge")],
      [1, 1, 1, 1, 0],
    );
  });

  test("metrics and readiness report refused events and money in doubt", async () => {
    const sink = nameOf(new URL(receiver.url));
    const product = await shop.product({ price: 10 });
    const user = await shop.user({ balance: 1000 });
    receiver.answer = ({ data }) => ({ status: data.totalAmount === 70 ? 502 : 204 });
    for (const quantity of [1, 7, 1, 1]) good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity }] }), 201);
    await pool().query(
      `INSERT INTO payments (id, order_id, method, status, amount, created_at, payment_key, ask_at)
       VALUES ($1, $2, 'CARD', 'UNKNOWN', 70, now() - interval '20 min', 'a-key', now() + interval '1 hour')`,
      [newId(Date.now()), newId(Date.now())],
    );
    await pool().query(
      "INSERT INTO stray_money (id, payment_key, amount, reason, status, created_at) VALUES ($1, 'other-key', 5, 'expired', 'REFUSED', now())",
      [newId(Date.now())],
    );

    let text = "";
    // The values are cached for some seconds.
    for (const deadline = Date.now() + 60_000; valueOf(text, "jangnal_events_blocked", `sink="${sink}"`) !== 1; await pause(100)) {
      if (Date.now() > deadline) assert.fail(text);
      text = await metrics();
    }
    const of = (name: string): number | undefined => valueOf(text, name, `sink="${sink}"`);
    assert.deepEqual([of("jangnal_events_waiting"), of("jangnal_events_dead"), of("jangnal_sink_up")], [1, 0, 1]);
    assert.ok((of("jangnal_events_refused_total") ?? 0) >= 1);
    assert.ok((of("jangnal_events_delivered_total") ?? 0) >= 3);
    const money = (kind: string): (number | undefined)[] =>
      ["jangnal_money_in_doubt", "jangnal_money_in_doubt_oldest_age_seconds"].map((name) => valueOf(text, name, `kind="${kind}"`));
    assert.equal(money("payment")[0], 1);
    assert.ok((money("payment")[1] ?? 0) >= 1200);
    assert.deepEqual(money("charge"), [0, 0]);
    assert.equal(money("unreturned_capture")[0], 1);

    const { checks } = good(await shop.anyone("GET", "/readyz"), 200);
    assert.match(checks.events, /1 refused or blocked behind a refused one/);
    assert.match(checks.money, /^1 card payments with an unknown outcome \(oldest \d+ s\); 1 captures without an order/);
  });

  // Prometheus asks every few seconds, even when millions wait, so each count has a LIMIT.
  test("every count in the backlog statements is bounded", () => {
    for (const { text } of [selectSinkBacklogs(["x"]), selectMoneyInDoubt]) {
      const tables = text.match(/FROM (\(SELECT \* FROM|letters|payments|card_charges|refunds|stray_money)\b/g) ?? [];
      const bounds = [...(text.match(/LIMIT \d+\)/g) ?? []), ...(text.match(/WHERE e\.order_id = a\.order_id AND e\.seq = a\.seq\)/g) ?? [])];
      assert.ok(tables.length >= 4);
      assert.equal(bounds.length, tables.length);
    }
  });
});

const QUIET: Backlog = {
  sinks: [{ sink: "file", failures: 0, waiting: 5, blocked: 0, dead: 0, oldestSeconds: 2 }],
  money: [{ kind: "payment", count: 3, oldestSeconds: 30 }],
  attention: 0,
};
const LATE: Backlog = {
  sinks: [{ sink: "file", failures: 3, waiting: COUNTED_MAX, blocked: 2, dead: 1, oldestSeconds: 75.4 }],
  money: [{ kind: "refund", count: 2, oldestSeconds: 601 }],
  attention: 2,
};

test("a normal backlog is no complaint, and a late, dead or unknown item is one", () => {
  assert.deepEqual(warningsOf(QUIET), { events: [], money: [] });
  assert.deepEqual(warningsOf(LATE), {
    events: ["events for file: 10000 or more waiting (oldest 75 s), 2 refused or blocked behind a refused one, 1 dead, unavailable since 3 attempts"],
    money: ["2 card refunds with an unknown outcome (oldest 601 s)", "2 in GET /admin/payments/attention need a person"],
  });
});

test("the log reports a backlog when it begins, repeats it at intervals, and reports its end", async () => {
  const logged: string[] = [];
  let backlog: Backlog | undefined = QUIET;
  const log = new BacklogLog({ reader: { read: async () => backlog }, onChange: (topic, warning) => logged.push(`${topic}: ${warning !== null}`) });
  await log.check();
  assert.deepEqual(logged, []);
  backlog = LATE;
  for (let times = 0; times < 11; times++) await log.check();
  assert.deepEqual(logged, ["events: true", "money: true", "events: true", "money: true"]);
  backlog = undefined;
  await log.check();
  backlog = QUIET;
  await log.check();
  assert.deepEqual(logged.slice(4), ["events: false", "money: false"]);
});

test("a database that does not respond blocks neither metrics nor readiness, and each cache asks it only once", async () => {
  let queries = 0;
  const silent = { rows: () => (queries++, new Promise(() => {})) } as unknown as Database;
  const broken = { rows: () => (queries++, Promise.reject(new Error("connection refused"))) } as unknown as Database;
  for (const database of [silent, broken]) {
    queries = 0;
    const reader = new BacklogReader(database, ["file"], 1000);
    assert.deepEqual(
      await Promise.all(Array.from({ length: 20 }, () => reader.read())),
      Array.from({ length: 20 }, () => undefined),
    );
    assert.deepEqual(await backlogChecks(reader), { events: "unknown", money: "unknown" });
    assert.equal(queries, 3);
  }
});
