// The till on PostgreSQL: what its store promises when locks meet, statements fail and connections break at the worst moment.
// What the till makes of it is shown on a store in memory (src/till/till.test.ts).

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import pg from "pg";
import type { Wallet } from "../../src/balance/balance.ts";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import { type ChargeBalance, chargeBalance, type Charged } from "../../src/balance/charge-balance.ts";
import { adjustStock } from "../../src/catalog/adjust-stock.ts";
import type { Variant } from "../../src/catalog/catalog.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { createProducts } from "../../src/catalog/create-products.ts";
import { updateInPlace } from "../../src/database/statement.ts";
import { Refusal } from "../../src/refusal.ts";
import { type Command, command } from "../../src/till/command.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { type Change, type Changes, need, type Table } from "../../src/till/table.ts";
import { Conflict, LockTimeout, LostCommit, RoundRejected, StoreUnavailable } from "../../src/till/store.ts";
import { Till } from "../../src/till/till.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { insertProduct, insertUser } from "../support/rows.ts";

const WAIT_MS = 400;

let database: { url: string; drop(): Promise<void> };
/** Whoever else works on the database: a person at a console, another instance. */
let rival: pg.Client;
/** Who only looks, outside of any transaction. */
let onlooker: pg.Client;
let store: PostgresStore;

before(async () => {
  database = await freshDatabase();
  rival = new pg.Client({ connectionString: database.url });
  onlooker = new pg.Client({ connectionString: database.url });
  await Promise.all([rival.connect(), onlooker.connect()]);
  store = new PostgresStore({ url: database.url, lockWaitMs: WAIT_MS });
});
after(async () => {
  await store.close();
  await Promise.all([rival.end(), onlooker.end()]);
  await database.drop();
});
beforeEach(async () => {
  await rival.query("ROLLBACK");
});

const changesOf = <Row>(shelf: Table<Row>, ...changes: Change<Row>[]): Changes => ({
  tables: new Map([[shelf as Table<unknown>, changes as Change<unknown>[]]]),
  journals: new Map(),
});

/** Another balance for a user that a round has locked. */
function moved(loaded: Map<Table<unknown>, Map<string, unknown>>, id: string, balance: number): Change<Wallet> {
  const wallet = loaded.get(users)?.get(id) as Wallet;
  return { key: id, before: wallet, after: { ...wallet, balance, version: wallet.version + 1 } };
}

async function balanceOf(id: string): Promise<number> {
  return Number((await onlooker.query("SELECT balance FROM users WHERE id = $1", [id])).rows[0].balance);
}

/** Whether a row could be locked at once by somebody else. */
async function isFree(table: "users" | "variants", id: string): Promise<boolean> {
  try {
    await onlooker.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE NOWAIT`, [id]);
    return true;
  } catch (error) {
    assert.equal((error as pg.DatabaseError).code, "55P03");
    return false;
  }
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 10_000; !(await holds());) {
    if (Date.now() > until) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sessions of tills on this database that are in the middle of a round, or that wait for a lock. */
async function sessions(doing: "idle" | "in a round" | "waiting"): Promise<number[]> {
  const where = { idle: "state = 'idle'", "in a round": "state = 'idle in transaction'", waiting: "wait_event_type = 'Lock'" }[doing];
  const { rows } = await onlooker.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jangnal' AND ${where}`,
  );
  return rows.map(({ pid }) => pid);
}

const somebodyWaits = (): Promise<void> => eventually("somebody waits", async () => (await sessions("waiting")).length === 1);

describe("locks", () => {
  // Goes red without the sort in `byShelf`: the round would hold the variant and wait for the user.
  test("are taken shelf by shelf in the global order, whatever the order of the needs", async () => {
    const user = await insertUser(rival);
    const { variantId } = await insertProduct(rival);
    await rival.query("BEGIN");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user]);
    const locking = store.lock([need(variants, variantId), need(users, user)], WAIT_MS);
    await somebodyWaits();
    assert.ok(await isFree("variants", variantId));
    await rival.query("ROLLBACK");
    (await locking).release();
  });

  // Goes red without ORDER BY in the shelf of users, where PostgreSQL finds the rows in another order.
  test("are taken by id within a shelf", async () => {
    const [first, second] = [await insertUser(rival), await insertUser(rival)].sort() as [string, string];
    await rival.query("UPDATE users SET name = 'later in the heap' WHERE id = $1", [first]);
    await rival.query("BEGIN");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [first]);
    const locking = store.lock([need(users, second), need(users, first)], WAIT_MS);
    await somebodyWaits();
    assert.ok(await isFree("users", second));
    await rival.query("ROLLBACK");
    (await locking).release();
  });

  // Goes red without lock_timeout, and without 55P03 in `refused`.
  test("that somebody holds too long are a LockTimeout, after the time that was asked for, and nothing stays locked", async () => {
    const user = await insertUser(rival);
    const { variantId } = await insertProduct(rival);
    await rival.query("BEGIN");
    await rival.query("SELECT FROM variants WHERE id = $1 FOR UPDATE", [variantId]);
    for (const waitMs of [WAIT_MS, 20]) {
      const from = performance.now();
      await assert.rejects(store.lock([need(users, user), need(variants, variantId)], waitMs), LockTimeout);
      // Not before it: how long after it says something of the machine, and the rival still holds the row.
      assert.ok(performance.now() - from >= waitMs - 5);
    }
    await eventually("the user is free", () => isFree("users", user));
  });

  // Goes red without the one Sync at the end of a flight: answers would be read by the next round.
  test("are let go by a round that is released, and its connection serves the next one", async () => {
    const user = await insertUser(rival);
    for (let i = 0; i < 20; i++) {
      const { loaded, release } = await store.lock([need(users, user)], WAIT_MS);
      assert.ok(loaded.get(users)?.has(user));
      release();
    }
    await eventually("it is idle", async () => (await sessions("in a round")).length === 0 && (await sessions("idle")).length > 0);
    assert.ok((await sessions("idle")).length <= 3);
  });

  // Goes red without idle_in_transaction_session_timeout: whoever meets a dead instance's rows would wait for its keepalive, hours.
  test("of an instance that hangs in the middle of a round are let go", async () => {
    const user = await insertUser(rival);
    const hanging = new PostgresStore({ url: database.url, lockWaitMs: WAIT_MS });
    await hanging.lock([need(users, user)], WAIT_MS);
    await rival.query("SET lock_timeout = '3s'");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user]);
    await rival.query("RESET lock_timeout");
    await hanging.close();
  });
});

// Goes red where a round goes by the process's clock, or where the clock is not the last statement of the flight.
test("a round's instant is the database's, and from after the moment at which its last row was free", async (t) => {
  const id = (await onlooker.query<{ id: string }>("INSERT INTO users (id, name, created_at) VALUES (gen_random_uuid(), '손님', now()) RETURNING id"))
    .rows[0]?.id as string;
  const databaseNow = async (client: pg.Client): Promise<number> =>
    Number((await client.query("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now")).rows[0].now);
  t.mock.timers.enable({ apis: ["Date"], now: 0 });
  await rival.query("BEGIN");
  await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [id]);
  const locking = store.lock([need(users, id)], WAIT_MS);
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS / 10));
  const free = await databaseNow(rival);
  await rival.query("ROLLBACK");
  const round = await locking;
  round.release();
  assert.ok(round.now >= free, `${round.now} is before ${free}`);
  assert.ok(round.now <= (await databaseNow(onlooker)));
});

describe("a round's writes", () => {
  // Goes red where a flight does not fail with the first error in it, and goes on behind it as if nothing had happened.
  test("are all or nothing: one that a constraint refuses is RoundRejected, and nothing was written", async () => {
    const user = await insertUser(rival, 100);
    const other = await insertUser(rival, 100);
    const round = await store.lock([need(users, user), need(users, other)], WAIT_MS);
    const roundId = randomUUID();
    const changes = changesOf(users, moved(round.loaded, other, 200), moved(round.loaded, user, -1));
    await assert.rejects(round.commit(roundId, changes), (error) => error instanceof RoundRejected && /users_balance_check/.test(error.message));
    assert.deepEqual([await balanceOf(user), await balanceOf(other)], [100, 100]);
    assert.equal((await rival.query("SELECT FROM rounds WHERE id = $1", [roundId])).rowCount, 0);
    assert.equal(await store.outcome(roundId), "abandoned");
  });

  // Goes red without `exactly`.
  test("that touch another number of rows than were locked are rolled back", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const nobody = { key: randomUUID(), before: { id: "", balance: 1, version: 1 }, after: { id: "", balance: 2, version: 2 } };
    await assert.rejects(round.commit(randomUUID(), changesOf(users, moved(round.loaded, user, 200), nobody)), RoundRejected);
    assert.equal(await balanceOf(user), 100);
  });

  // Goes red without the last condition of `updateInPlace`: a wallet would get what was meant for its neighbour.
  test("give no row another's values, even if they come in the wrong order", async () => {
    const ids = [await insertUser(rival, 100), await insertUser(rival, 100), await insertUser(rival, 100)].sort().reverse();
    const text = updateInPlace("users", { balance: "bigint", version: "int" });
    const right = new Map(ids.map((id, i) => [id, 200 + i]));
    await rival.query(text, [`{${ids.join(",")}}`, `{${[...right.values()].join(",")}}`, "{2,2,2}"]);
    for (const id of ids) assert.ok([100, right.get(id)].includes(await balanceOf(id)), id);
  });

  // Goes red without the catch in `#writes`, and without the finally in `send` (flight.ts): the connection would stay behind with its locks.
  test("that can't be put into words leave nothing locked", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const unspeakable = {
      id: "",
      userId: user,
      version: 9,
      type: "GRANT" as const,
      amount: 1,
      balanceAfter: 1,
      orderId: null,
      reason: null,
      createdAt: Number.MAX_SAFE_INTEGER,
    };
    await assert.rejects(round.commit(randomUUID(), { tables: new Map(), journals: new Map([[ledger, [unspeakable]]]) }), RoundRejected);
    await eventually("the user is free", () => isFree("users", user));
  });

  // Goes red without 23505 among the conflicts.
  test("that another transaction has made first are a Conflict", async () => {
    const round = await store.lock([], WAIT_MS);
    const roundId = randomUUID();
    assert.equal(await store.outcome(roundId), "abandoned");
    await assert.rejects(round.commit(roundId, { tables: new Map(), journals: new Map() }), Conflict);
  });
});

describe("a round whose COMMIT got no answer", () => {
  // Goes red without the mark in CLAIM_ROUND: the second question would find the first one's claim and take it for the round's.
  test("that was abandoned stays so, however often one asks, and can't commit any more", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    for (let i = 0; i < 3; i++) assert.equal(await store.outcome(roundId), "abandoned");
    await assert.rejects(round.commit(roundId, changesOf(users, moved(round.loaded, user, 200))), Conflict);
    assert.equal(await balanceOf(user), 100);
    assert.equal(await store.outcome(roundId), "abandoned");
  });

  // Goes red without looking at the row behind ON CONFLICT DO NOTHING.
  test("that was committed stays so", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    await round.commit(roundId, changesOf(users, moved(round.loaded, user, 200)));
    for (let i = 0; i < 3; i++) assert.equal(await store.outcome(roundId), "committed");
  });

  // Goes red with a SELECT in place of the claim, which would see nothing yet.
  test("that is still being committed is waited for", async () => {
    const roundId = randomUUID();
    await rival.query("BEGIN");
    await rival.query("INSERT INTO rounds (id) VALUES ($1)", [roundId]);
    const asked = store.outcome(roundId);
    await somebodyWaits();
    await rival.query("COMMIT");
    assert.equal(await asked, "committed");
  });

  test("that takes too long can't be known yet", async () => {
    const roundId = randomUUID();
    await rival.query("BEGIN");
    await rival.query("INSERT INTO rounds (id) VALUES ($1)", [roundId]);
    await assert.rejects(store.outcome(roundId), StoreUnavailable);
    await rival.query("COMMIT");
    assert.equal(await store.outcome(roundId), "committed");
  });

  // Goes red where a broken connection counts as rejected.
  test("because its session was killed is lost, and abandoned", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    for (const pid of await sessions("in a round")) await rival.query("SELECT pg_terminate_backend($1)", [pid]);
    await assert.rejects(round.commit(roundId, changesOf(users, moved(round.loaded, user, 200))), LostCommit);
    assert.equal(await store.outcome(roundId), "abandoned");
    assert.equal(await balanceOf(user), 100);
  });
});

describe("over a wire that breaks", () => {
  let proxy: FaultProxy;
  let far: PostgresStore;
  before(async () => {
    proxy = await FaultProxy.open(database.url);
    far = new PostgresStore({ url: proxy.url, lockWaitMs: WAIT_MS });
  });
  after(async () => {
    await far.close();
    await proxy.close();
  });

  for (const [fate, truth] of [
    ["request lost", "abandoned"],
    ["response lost", "committed"],
  ] as const) {
    test(`a COMMIT (${fate}) is lost, and its outcome ${truth}`, async () => {
      const user = await insertUser(rival, 100);
      const round = await far.lock([need(users, user)], WAIT_MS);
      const roundId = randomUUID();
      proxy.onCommit = () => fate;
      await assert.rejects(round.commit(roundId, changesOf(users, moved(round.loaded, user, 200))), LostCommit);
      proxy.onCommit = () => "none";
      assert.equal(await far.outcome(roundId), truth);
      assert.equal(await balanceOf(user), truth === "committed" ? 200 : 100);
    });
  }

  // Goes red where the tag of the answer to COMMIT is not looked at: the round would count as written.
  test("a COMMIT that is answered with ROLLBACK is RoundRejected, and nothing was written", async () => {
    const user = await insertUser(rival, 100);
    const round = await far.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    proxy.onCommit = () => "aborted";
    await assert.rejects(
      round.commit(roundId, changesOf(users, moved(round.loaded, user, 200))),
      (error) => error instanceof RoundRejected && /answered with ROLLBACK/.test(error.message),
    );
    proxy.onCommit = () => "none";
    assert.equal(await balanceOf(user), 100);
    assert.equal(await far.outcome(roundId), "abandoned");
    // Whoever comes next does not meet the connection on which it happened.
    const next = await far.lock([need(users, user)], WAIT_MS);
    await next.commit(randomUUID(), changesOf(users, moved(next.loaded, user, 300)));
    assert.equal(await balanceOf(user), 300);
  });

  // Goes red without query_timeout.
  test("a COMMIT whose answer never comes is lost after a while", { timeout: 60_000 }, async () => {
    const user = await insertUser(rival, 100);
    const round = await far.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    proxy.onCommit = () => "no response";
    await assert.rejects(round.commit(roundId, changesOf(users, moved(round.loaded, user, 200))), LostCommit);
    proxy.onCommit = () => "none";
    assert.equal(await far.outcome(roundId), "committed");
  });

  // Goes red where anything but the database's own refusal of a lock is an error of the command.
  test("locks that can't be sent for are StoreUnavailable, also to whoever must connect first", async () => {
    const user = await insertUser(rival, 100);
    (await far.lock([need(users, user)], WAIT_MS)).release();
    proxy.disconnect();
    for (let i = 0; i < 3; i++) await assert.rejects(far.lock([need(users, user)], WAIT_MS), StoreUnavailable);
    await assert.rejects(far.outcome(randomUUID()), StoreUnavailable);
    proxy.reconnect();
    (await far.lock([need(users, user)], WAIT_MS)).release();
  });

  // Goes red without `goodbye`'s limit.
  test("a store over a wire that hangs is closed all the same", { timeout: 60_000 }, async () => {
    const hung = await FaultProxy.open(database.url);
    const hanging = new PostgresStore({ url: hung.url, lockWaitMs: WAIT_MS });
    (await hanging.lock([], WAIT_MS)).release();
    hung.fault = "half open";
    await hanging.close();
    await hung.close();
  });
});

describe("a till on this store", () => {
  const charge = (till: Till, userId: string, amount = 1): Promise<Charged> =>
    till.submit(chargeBalance, { userId, amount, version: null, balanceMax: 1e12 });
  const codeOf = (error: unknown): unknown => (error instanceof Refusal ? error.code : error);

  /** Submits these in one round: the first holds up the others for a moment. */
  function together<Input, Answer>(till: Till, as: Command<Input, Answer>, inputs: Input[]): Promise<unknown[]> {
    const held = (input: Input): Promise<Input> => new Promise((resolve) => setTimeout(resolve, 10, input));
    return Promise.all(inputs.map((input, i) => till.submit(i === 0 ? { ...as, prepare: held } : as, input).catch(codeOf)));
  }

  // Goes red without HURRIED_LOCK_WAIT_MS (too slow) or `#halves` (everybody is BUSY).
  test("answers BUSY to who needs a row that somebody holds, and serves the neighbours", async () => {
    const till = new Till({ store, waitMs: WAIT_MS });
    const ids: string[] = [];
    for (let i = 0; i < 16; i++) ids.push(await insertUser(rival, 100));
    await rival.query("BEGIN");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [ids[11]]);
    const answers = await together<ChargeBalance, Charged>(
      till,
      chargeBalance,
      ids.map((userId) => ({ userId, amount: 1, version: null, balanceMax: 1000 })),
    );
    assert.deepEqual(
      answers.map((answer) => (answer as Charged).newBalance ?? answer),
      ids.map((_, i) => (i === 11 ? "BUSY" : 101)),
    );
    await rival.query("ROLLBACK");
    assert.equal((await charge(till, ids[11] as string)).newBalance, 101);
  });

  // Goes red without the sort in `#writes`: variants, which the first command has asked for, would be written before the products they belong to.
  test("writes what is referred to before what refers to it, whoever was first in the round", async () => {
    const till = new Till({ store, waitMs: WAIT_MS });
    const { variantId } = await insertProduct(rival);
    const adjust = { variantId, delta: 1, reason: "test" };
    const make = { products: [{ name: "사과", variants: [{ price: 1, stock: 1 }] }] };
    const either = command<typeof adjust | typeof make, unknown>({
      name: "either",
      needs: (input) => ("delta" in input ? adjustStock.needs(input) : createProducts.needs(input)),
      decide: (uow, input) => ("delta" in input ? adjustStock.decide(uow, input) : createProducts.decide(uow, input)),
    });
    const [adjusted, made] = await together<typeof adjust | typeof make, unknown>(till, either, [adjust, make]);
    assert.equal((adjusted as { variantId: string }).variantId, variantId);
    assert.ok(Array.isArray(made));
    assert.equal(till.served.retries, 0);
  });

  // Goes red without `#halves`.
  test("finds the one command in a crowd that the database does not take", async () => {
    const faults: string[] = [];
    const till = new Till({ store, waitMs: WAIT_MS, onFault: (name) => faults.push(name) });
    type Set = { userId: string; balance: number };
    const setBalance = command<Set, number>({
      name: "set balance",
      needs: ({ userId }) => [need(users, userId)],
      decide(uow, { userId, balance }) {
        uow.put(users, userId, { ...(uow.find(users, userId) as Wallet), balance });
        return balance;
      },
    });
    const inputs: Set[] = [];
    for (let i = 0; i < 16; i++) inputs.push({ userId: await insertUser(rival, 100), balance: i === 5 ? -1 : i });
    const answers = await together(till, setBalance, inputs);
    assert.ok(answers[5] instanceof RoundRejected);
    assert.deepEqual(answers.toSpliced(5, 1), inputs.map(({ balance }) => balance).toSpliced(5, 1));
    for (const { userId, balance } of inputs) assert.equal(await balanceOf(userId), balance === -1 ? 100 : balance);
    assert.deepEqual(faults, ["set balance"]);
  });

  // Goes red without 40P01 among the conflicts.
  test("tries again when PostgreSQL resolves a deadlock at its expense", async () => {
    const patient = new PostgresStore({ url: database.url, lockWaitMs: 5000 });
    const till = new Till({ store: patient, waitMs: 5000 });
    const user = await insertUser(rival, 100);
    const { variantId } = await insertProduct(rival, { stock: 10 });
    const both = command<null, number>({
      name: "both",
      needs: () => [need(users, user), need(variants, variantId)],
      decide(uow) {
        const variant = uow.find(variants, variantId) as Variant;
        uow.put(variants, variantId, { ...variant, stock: variant.stock - 1 });
        return variant.stock - 1;
      },
    });
    await rival.query("SET deadlock_timeout = '60s'"); // So that it is the till's session that finds out, and gives way.
    await rival.query("BEGIN");
    await rival.query("SELECT FROM variants WHERE id = $1 FOR UPDATE", [variantId]);
    const answer = till.submit(both, null);
    await somebodyWaits();
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user]);
    await eventually("the till has given way", async () => till.served.retries === 1);
    await rival.query("COMMIT");
    await rival.query("RESET deadlock_timeout");
    assert.equal(await answer, 9);
    await patient.close();
  });

  // Goes red where a session that was killed makes the round fail: it was never committed, so it is done again, once.
  test("does a round again whose session was killed while it committed", async () => {
    const till = new Till({ store, waitMs: 5000 });
    // The external id is being taken by somebody who has not committed yet, so the round's write waits.
    const externalId = randomUUID();
    const { createUsers } = await import("../../src/balance/create-users.ts");
    await rival.query("BEGIN");
    await rival.query("INSERT INTO users (id, name, external_id, created_at) VALUES ($1, 'rival', $2, now())", [randomUUID(), externalId]);
    const answer = till.submit(createUsers, { users: [{ name: "다른 손님", externalId }], bulk: false });
    await somebodyWaits();
    for (const pid of await sessions("waiting")) await rival.query("SELECT pg_terminate_backend($1)", [pid]);
    await rival.query("ROLLBACK");
    assert.equal((await answer).length, 1);
    assert.equal((await rival.query("SELECT FROM users WHERE external_id = $1", [externalId])).rowCount, 1);
  });

  test("goes on when every session is killed again and again, each charge counting once", async () => {
    const till = new Till({ store, waitMs: 5000 });
    const user = await insertUser(rival, 1);
    let over = false;
    const killing = (async () => {
      while (!over) {
        await onlooker.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jangnal'",
        );
        await new Promise((resolve) => setTimeout(resolve, 3 + Math.random() * 20));
      }
    })();
    // Whoever was told that it is unavailable was not charged, or was: only who was told that it was counts for sure.
    const told: (number | string)[] = [];
    for (let i = 0; i < 40; i++)
      told.push(
        ...(await Promise.all(
          Array.from({ length: 10 }, () =>
            charge(till, user).then(
              () => 1,
              (error: Refusal) => error.code,
            ),
          ),
        )),
      );
    over = true;
    await killing;
    const charged = told.filter((one) => one === 1).length;
    assert.deepEqual(new Set(told.filter((one) => one !== 1 && one !== "UNAVAILABLE" && one !== "BUSY")), new Set());
    const { rows } = await onlooker.query(
      "SELECT count(*)::int AS count, sum(amount)::int AS sum, max(balance_after)::int AS last FROM balance_transactions WHERE user_id = $1 AND type = 'CHARGE'",
      [user],
    );
    assert.ok(till.served.retries > 0, "nothing was ever killed in the middle");
    const [{ count, sum, last }] = rows as [{ count: number; sum: number; last: number }];
    assert.deepEqual({ sum, last }, { sum: count, last: count + 1 });
    assert.ok(charged > 0 && count >= charged && count <= 400, `${charged} were told, ${count} were charged`);
  });
});
