// The operators' journal under concurrency, from two instances, and after a process died.

import assert from "node:assert/strict";
import { hash, randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { closeAbandonedWork } from "../../src/journal/close-abandoned-work.ts";
import { beginWork, endWork } from "../../src/journal/journaled.ts";
import type { Scheduler } from "../../src/jobs/scheduler.ts";
import { Refusal } from "../../src/refusal.ts";
import { Client, good } from "../support/shop.ts";
import { jangnal, serve } from "../support/process.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other: second } = await twoInstances();

type Entry = { actor: string; status: number; subjects: { type: string; id: string }[]; counts?: Record<string, number>; requestId: string };

async function entriesOf(actor: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor = "";
  for (;;) {
    const page = good(await shop.operator.get(`/admin/journal?actor=${actor}&limit=100${cursor}`), 200);
    entries.push(...(page.entries as Entry[]));
    if (page.nextCursor === null) return entries;
    cursor = `&cursor=${page.nextCursor}`;
  }
}
const audited = async (): Promise<unknown> => good(await shop.operator.get("/admin/audit"), 200).violations;

/** A request that is repeated while the shop is overloaded. */
async function patiently(send: () => ReturnType<Client["get"]>): ReturnType<Client["get"]> {
  for (;;) {
    const answer = await send();
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("operators at two instances at once", () => {
  test("changes, refused attempts and shoppers' orders make one unbroken chain with an entry for each change", async () => {
    const actor = randomUUID();
    const operators = [new Client(shop.url, actor, "operator"), new Client(second.url, actor, "operator")] as const;
    const product = await shop.product({ price: 1, stock: 1000 });
    const buyer = await shop.user({ balance: 1000 });
    const variant = product.variants[0]?.id;
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const operator = operators[i % 2 === 0 ? 0 : 1];
        if (i % 3 === 0) good(await patiently(() => operator.post("/admin/users", { name: "손님" })), 201);
        else if (i % 3 === 1) good(await patiently(() => operator.post(`/admin/variants/${variant}/stock`, { delta: -100_000, reason: "r" })), 400);
        else
          good(await patiently(() => buyer.at(i % 2 ? second : shop).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] })), 201);
      }),
    );
    const statuses = (await entriesOf(actor)).map(({ status }) => status);
    assert.deepEqual([statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 400).length], [20, 20]);
    assert.deepEqual(await audited(), []);
  });

  test("fifty requests with one key leave one entry", async () => {
    const actor = randomUUID();
    const operators = [new Client(shop.url, actor, "operator"), new Client(second.url, actor, "operator")] as const;
    const send = (i: number) => operators[i % 2 === 0 ? 0 : 1].post("/admin/users", { name: "손님" }, { "idempotency-key": "one" });
    await Promise.all(Array.from({ length: 50 }, (_, i) => patiently(() => send(i))));
    assert.equal((await entriesOf(actor)).length, 1);
  });
});

test("of a killed process each change has its entry, and each entry its change", async () => {
  const actor = randomUUID();
  const DATABASE_URL = shop.shop.config.databaseUrl as string;
  const killed = await serve({ DATABASE_URL });
  const operator = new Client(killed.url, actor, "operator");
  let answered = 0;
  const create = async (i: number): Promise<void> => {
    for (let n = 0; ; n++) {
      await operator.post("/admin/users", { name: "손님", externalId: `${actor} ${i} ${n}` });
      if (++answered === 40) killed.child.kill("SIGKILL");
    }
  };
  await Promise.allSettled(Array.from({ length: 16 }, (_, i) => create(i)));
  await killed.ended;
  assert.ok(answered >= 40);
  const { rows } = await shop.shop.database.pool.query<{ id: string }>("SELECT id FROM users WHERE external_id LIKE $1 || ' %'", [actor]);
  const entries = await entriesOf(actor);
  assert.deepEqual(entries.map(({ subjects }) => subjects[0]?.id).sort(), rows.map(({ id }) => id).sort());
  assert.deepEqual(await audited(), []);
});

test("the exported journal has each entry, and its chain can be computed from the file alone", async () => {
  const { code, output } = await jangnal(["export-journal"], { DATABASE_URL: shop.shop.config.databaseUrl as string });
  assert.equal(code, 0);
  let previous = "0".repeat(64);
  const lines = output.trim().split("\n");
  for (const line of lines) {
    const { hash: expected, ...entry } = JSON.parse(line) as { hash: string };
    assert.equal(hash("sha256", `${previous}\n${JSON.stringify(entry)}`, "hex"), expected);
    previous = expected;
  }
  const { rows } = await shop.shop.database.pool.query("SELECT count(*) AS count FROM journal_entries");
  assert.deepEqual([{ count: lines.length }], rows);
});

describe("work outside of the till", () => {
  const draft = (actor: string) => ({
    actor,
    operation: "runJob",
    permission: "operations",
    subjects: [{ type: "job", id: "purge" }],
    noun: "job",
    input: { name: "purge" },
    requestId: "r",
    address: "127.0.0.1",
  });

  test("whose process died leaves one entry with status 202, whichever instance writes it", async () => {
    const actor = randomUUID();
    const entry = await beginWork(shop.shop.till, draft(actor));
    assert.deepEqual(await entriesOf(actor), []);
    assert.equal(await closeAbandonedWork(shop.shop), 0);
    await Promise.all([shop, second, shop, second].map((one) => closeAbandonedWork(one.shop, -60_000)));
    await endWork(shop.shop.till, entry, { status: 200 });
    assert.deepEqual(
      (await entriesOf(actor)).map(({ status }) => status),
      [202],
    );
  });

  /** Waits until an operator's work is over. */
  async function untilEnded(actor: string): Promise<void> {
    const { pool } = shop.shop.database;
    for (const until = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
      const { rows } = await pool.query("SELECT id FROM journal_work WHERE entry ->> 'actor' = $1", [actor]);
      if (rows.length === 0) return;
      assert.ok(Date.now() < until, "the work did not end");
    }
  }

  /** Executes `work` while jobs run as `run` does. */
  async function withJobs(run: Scheduler["run"], work: () => Promise<void>): Promise<void> {
    const { scheduler } = shop.shop;
    scheduler.run = run;
    try {
      await work();
    } finally {
      Reflect.deleteProperty(scheduler, "run");
    }
  }

  test("that fails leaves an entry with status 500", async () => {
    const actor = randomUUID();
    const operator = new Client(shop.url, actor, "operator");
    await withJobs(
      () => Promise.reject(new Error("a bug")),
      async () => void good(await operator.post("/admin/jobs/purge/run"), 500),
    );
    assert.deepEqual(
      (await entriesOf(actor)).map(({ status }) => status),
      [500],
    );
  });

  test("that is done leaves an entry with its status, also if the operator has disconnected", async () => {
    const actor = randomUUID();
    const { token } = new Client(shop.url, actor, "operator");
    const run = shop.shop.scheduler.run.bind(shop.shop.scheduler);
    const leaving = new AbortController();
    let connection: Socket | undefined;
    const onRequest = (message: unknown): void => {
      const { request, socket } = message as { request: IncomingMessage; socket: Socket };
      if (request.url === "/admin/jobs/purge/run") connection = socket;
    };
    subscribe("http.server.request.start", onRequest);
    const ran = Promise.withResolvers<void>();
    await withJobs(
      async (name) => {
        const closed = once(connection as Socket, "close");
        leaving.abort();
        await closed;
        return run(name).finally(ran.resolve);
      },
      async () => {
        const headers = { authorization: `Bearer ${token}` };
        await assert.rejects(fetch(`${shop.url}/admin/jobs/purge/run`, { method: "POST", headers, signal: leaving.signal }));
        await ran.promise;
      },
    );
    unsubscribe("http.server.request.start", onRequest);
    await untilEnded(actor);
    assert.deepEqual(
      (await entriesOf(actor)).map(({ status }) => status),
      [200],
    );
  });

  test("that is refused because the shop is busy leaves no entry", async () => {
    const actor = randomUUID();
    const operator = new Client(shop.url, actor, "operator");
    await withJobs(
      () => Promise.reject(new Refusal("BUSY", { retryAfter: 5 })),
      async () => void good(await operator.post("/admin/jobs/purge/run"), 503),
    );
    await closeAbandonedWork(shop.shop, -60_000);
    assert.deepEqual(await entriesOf(actor), []);
  });
});
