// Entries of drops: holds, the line, and how units pass on.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clockAtNoon } from "../support/clock.ts";
import { whileHeld } from "../support/hold.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
const clock = clockAtNoon();
before(async () => void (shop = await openTestShop()));
after(() => shop.close());

const MINUTE_MS = 60_000;
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
type Drop = { id: string; productId: string; variants: { id: string }[] };

/** A drop of a product of its own that is open. */
async function openDrop(fields: Record<string, unknown> = {}, product: Record<string, unknown> = {}): Promise<Drop> {
  const { id: productId, variants } = await shop.product("variants" in product ? product : { stock: 2, ...product });
  const drop = good(
    await shop.operator.post("/admin/drops", {
      name: "한정판",
      productId,
      mode: "FIRST_COME",
      waitlist: true,
      holdFor: "PT5M",
      opensAt: at(-1000),
      ...fields,
    }),
    201,
  );
  return { id: drop.id, productId, variants };
}

const enter = (user: Client, { id }: Drop, body: unknown = {}): Promise<Answer> => user.post(`/drops/${id}/entries`, body);
const entered = async (user: Client, drop: Drop, body: unknown = {}) => good(await enter(user, drop, body), 201);
const mine = async (user: Client, { id }: Drop) => good(await user.get(`/drops/${id}/entries/mine`), 200);
const leave = async (user: Client, { id }: Drop) => good(await user.delete(`/drops/${id}/entries/mine`), 204);
const shown = async ({ id }: Drop) => good(await shop.anyone("GET", `/drops/${id}`), 200);
const steer = (step: string, { id }: Drop): Promise<Answer> => shop.operator.post(`/admin/drops/${id}/${step}`);
const runJob = async () => good(await shop.operator.post("/admin/jobs/expire-holds/run"), 200);
const statuses = (users: Client[], drop: Drop): Promise<string[]> => Promise.all(users.map(async (user) => (await mine(user, drop)).status));

describe("entering", () => {
  test("the first entries hold their units, and later ones wait in line", async () => {
    const drop = await openDrop();
    const users = await shop.users(4);
    const entries = [];
    for (const user of users) entries.push(await entered(user, drop));
    assert.deepEqual(
      entries.map(({ number, status, ahead }) => [number, status, ahead]),
      [
        [1, "HELD", 0],
        [2, "HELD", 0],
        [3, "WAITING", 0],
        [4, "WAITING", 1],
      ],
    );
    const untilHeld = Date.parse(entries[0].heldUntil) - Date.now();
    assert.ok(untilHeld > 4 * MINUTE_MS && untilHeld <= 5 * MINUTE_MS, String(untilHeld));
    assert.equal(entries[2].heldUntil, null);
    assert.equal(await shop.stockOf({ id: drop.productId }), 0);
    const { status, remaining, entries: count, called } = await shown(drop);
    assert.deepEqual({ status, remaining, count, called }, { status: "SOLD_OUT", remaining: 0, count: 4, called: 2 });
    assert.deepEqual({ ...(await mine(users[3] as Client, drop)) }, entries[3]);
  });

  test("without a waitlist an entry for which nothing is left is refused", async () => {
    const drop = await openDrop({ waitlist: false });
    const [first, second, third] = (await shop.users(3)) as [Client, Client, Client];
    await entered(first, drop);
    assert.deepEqual(refused(await enter(second, drop, { quantity: 2 }), 400, "STOCK_INSUFFICIENT")["available"], 1);
    await entered(second, drop);
    refused(await enter(third, drop), 409, "DROP_SOLD_OUT");
  });

  test("entries are refused before the opening, with its instant, and accepted at it", async () => {
    const opensAt = at(10 * MINUTE_MS);
    const drop = await openDrop({ opensAt });
    const user = await shop.user();
    assert.equal(refused(await enter(user, drop), 409, "DROP_NOT_OPEN")["opensAt"], opensAt);
    clock.forward(10 * MINUTE_MS);
    await entered(user, drop);
  });

  test("a person enters once, and again after leaving, at the end", async () => {
    const drop = await openDrop({ limitPerCustomer: 1 }, { stock: 1 });
    const [first, second] = (await shop.users(2)) as [Client, Client];
    const { entryId } = await entered(first, drop);
    assert.equal(refused(await enter(first, drop), 409, "DROP_ALREADY_ENTERED")["entryId"], entryId);
    await entered(second, drop);
    await leave(first, drop);
    const again = await entered(first, drop);
    assert.deepEqual([again.number, again.status], [3, "WAITING"]);
    assert.deepEqual(await statuses([first, second], drop), ["WAITING", "HELD"]);
  });

  test("the quantity of an entry counts against the limit per customer", async () => {
    const drop = await openDrop({ limitPerCustomer: 2 }, { stock: 10 });
    const user = await shop.user();
    const { limit, already } = refused(await enter(user, drop, { quantity: 3 }), 409, "DROP_LIMIT_EXCEEDED");
    assert.deepEqual({ limit, already }, { limit: 2, already: 0 });
    await entered(user, drop, { quantity: 2 });
    assert.equal(await shop.stockOf({ id: drop.productId }), 8);
  });

  test("a direct drop takes no entries, and an unknown drop does not exist", async () => {
    const drop = await openDrop({ mode: "DIRECT" });
    const user = await shop.user();
    refused(await enter(user, drop), 400, "INVALID_REQUEST");
    refused(await user.post(`/drops/${drop.productId}/entries`), 404, "DROP_NOT_FOUND");
    refused(await user.get(`/drops/${drop.id}/entries/mine`), 404, "ENTRY_NOT_FOUND");
    refused(await user.delete(`/drops/${drop.id}/entries/mine`), 404, "ENTRY_NOT_FOUND");
    // A page that only looks asks for no error.
    assert.equal((await user.get(`/drops/${drop.id}/entries/mine?optional=true`)).status, 204);
    refused(await user.get(`/drops/${drop.id}/entries/mine?optional=false`), 404, "ENTRY_NOT_FOUND");
    refused(await user.get(`/drops/${drop.id}/entries/mine?optional=perhaps`), 400, "INVALID_REQUEST");
    refused(await user.get(`/drops/${randomUUID()}/entries/mine?optional=true`), 404, "DROP_NOT_FOUND");
  });

  test("a product with several variants has a line for each, and one order of numbers", async () => {
    const drop = await openDrop(
      {},
      {
        variants: [
          { options: { size: "S" }, price: 1, stock: 1 },
          { options: { size: "L" }, price: 1, stock: 0 },
        ],
      },
    );
    const [small, large] = drop.variants.map(({ id }) => id);
    const users = (await shop.users(3)) as [Client, Client, Client];
    assert.equal((refused(await enter(users[0], drop), 400, "INVALID_REQUEST")["errors"] as { path: string }[])[0]?.path, "/variantId");
    refused(await enter(users[0], drop, { variantId: drop.productId }), 404, "PRODUCT_NOT_FOUND");
    await entered(users[0], drop, { variantId: large });
    await entered(users[1], drop, { variantId: small });
    await entered(users[2], drop, { variantId: small });
    assert.deepEqual(await statuses(users, drop), ["WAITING", "HELD", "WAITING"]);
    assert.equal((await shown(drop)).called, 0);
    await leave(users[1], drop);
    assert.deepEqual(await statuses(users, drop), ["WAITING", "LEFT", "HELD"]);
  });
});

describe("units pass on", () => {
  test("a hold that is given up passes at once to the first entry that it satisfies", async () => {
    const drop = await openDrop({}, { stock: 2 });
    const users = (await shop.users(4)) as [Client, Client, Client, Client];
    const quantities = [2, 3, 1, 1];
    for (const [i, user] of users.entries()) await entered(user, drop, { quantity: quantities[i] });
    assert.deepEqual(await statuses(users, drop), ["HELD", "WAITING", "WAITING", "WAITING"]);
    await leave(users[0], drop);
    assert.deepEqual(await statuses(users, drop), ["LEFT", "WAITING", "HELD", "HELD"]);
    assert.equal(await shop.stockOf({ id: drop.productId }), 0);
    assert.equal((await shown(drop)).called, 1);
    await leave(users[0], drop);
    assert.deepEqual(await statuses(users, drop), ["LEFT", "WAITING", "HELD", "HELD"]);
  });

  test("a lapsed hold passes on with a fresh time, without a request", async () => {
    const drop = await openDrop({}, { stock: 1 });
    const users = (await shop.users(2)) as [Client, Client];
    for (const user of users) await entered(user, drop);
    clock.forward(5 * MINUTE_MS);
    await runJob();
    assert.deepEqual(await statuses(users, drop), ["LAPSED", "HELD"]);
    const until = Date.parse((await mine(users[1], drop)).heldUntil) - Date.now();
    assert.ok(until > 4 * MINUTE_MS, String(until));
    const again = await entered(users[0], drop);
    assert.deepEqual([again.number, again.status], [3, "WAITING"]);
  });

  test("many holds that are given up at once pass to the line in its order", async () => {
    const drop = await openDrop({}, { stock: 20 });
    const users = await shop.users(60);
    for (const user of users) await entered(user, drop);
    await Promise.all(users.slice(0, 20).map((user) => leave(user, drop)));
    assert.deepEqual(
      await statuses(users, drop),
      users.map((_, i) => (i < 20 ? "LEFT" : i < 40 ? "HELD" : "WAITING")),
    );
    assert.equal(await shop.stockOf({ id: drop.productId }), 0);
  });

  test("numbers have no gap when a crowd enters at once", async () => {
    const drop = await openDrop({}, { stock: 10 });
    const users = await shop.users(80);
    const entries = await Promise.all(users.map((user) => entered(user, drop)));
    assert.deepEqual(
      entries.map(({ number }) => number).toSorted((a, b) => a - b),
      users.map((_, i) => i + 1),
    );
    for (const { number, status } of entries) assert.equal(status, number <= 10 ? "HELD" : "WAITING", String(number));
  });
});

describe("pausing, closing and releasing", () => {
  test("during a pause nothing is taken, lapses or passes on, and resuming moves every hold by its length", async () => {
    const drop = await openDrop({}, { stock: 2 });
    const users = (await shop.users(4)) as [Client, Client, Client, Client];
    for (const user of users.slice(0, 3)) await entered(user, drop);
    const before = Date.parse((await mine(users[0], drop)).heldUntil);
    assert.equal(good(await steer("pause", drop), 200).status, "PAUSED");
    assert.equal(refused(await enter(users[3], drop), 409, "DROP_CLOSED")["reason"], "PAUSED");
    clock.forward(20 * MINUTE_MS);
    await runJob();
    await leave(users[1], drop);
    assert.deepEqual(await statuses(users.slice(0, 3), drop), ["HELD", "LEFT", "WAITING"]);
    good(await steer("pause", drop), 200);
    good(await steer("resume", drop), 200);
    good(await steer("resume", drop), 200);
    assert.deepEqual(await statuses(users.slice(0, 3), drop), ["HELD", "LEFT", "HELD"]);
    const moved = Date.parse((await mine(users[0], drop)).heldUntil) - before;
    assert.ok(moved >= 20 * MINUTE_MS && moved < 21 * MINUTE_MS, String(moved));
    clock.forward(5 * MINUTE_MS);
    await runJob();
    assert.deepEqual(await statuses(users.slice(0, 3), drop), ["LAPSED", "LEFT", "LAPSED"]);
  });

  test("closing ends holds and the line, and gives the units back", async () => {
    const drop = await openDrop({}, { stock: 2 });
    const users = await shop.users(4);
    for (const user of users) await entered(user, drop);
    const closed = good(await steer("close", drop), 200);
    assert.deepEqual([closed.status, closed.remaining], ["CLOSED", 2]);
    assert.deepEqual(await statuses(users, drop), ["LAPSED", "LAPSED", "LOST", "LOST"]);
    assert.equal(refused(await enter(await shop.user(), drop), 409, "DROP_CLOSED")["reason"], "CLOSED");
    const list = async (status: string): Promise<number[]> =>
      good(await shop.operator.get(`/admin/drops/${drop.id}/entries?status=${status}`), 200).entries.map(({ number }: { number: number }) => number);
    assert.deepEqual([await list("LOST"), await list("WAITING")], [[3, 4], []]);
    await runJob();
    assert.deepEqual(
      [await list("LOST"), await list("LAPSED")],
      [
        [3, 4],
        [1, 2],
      ],
    );
    refused(await steer("resume", drop), 409, "DROP_CLOSED");
    good(await steer("close", drop), 200);
  });

  test("from closesAt on the line is lost, and what comes back stays free", async () => {
    const drop = await openDrop({ closesAt: at(10 * MINUTE_MS) }, { stock: 1 });
    const users = (await shop.users(2)) as [Client, Client];
    for (const user of users) await entered(user, drop);
    clock.forward(4 * MINUTE_MS);
    good(await steer("pause", drop), 200);
    clock.forward(6 * MINUTE_MS);
    good(await steer("resume", drop), 200);
    assert.deepEqual(await statuses(users, drop), ["HELD", "LOST"]);
    await leave(users[0], drop);
    assert.deepEqual(await statuses(users, drop), ["LEFT", "LOST"]);
    assert.equal(await shop.stockOf({ id: drop.productId }), 1);
  });

  test("a drop is released only once it is closed, and then its product has none", async () => {
    const drop = await openDrop();
    refused(await steer("release", drop), 409, "DROP_EXISTS");
    good(await steer("close", drop), 200);
    good(await steer("release", drop), 200);
    good(await steer("release", drop), 200);
    assert.equal(good(await shop.anyone("GET", `/products/${drop.productId}`), 200).dropId, null);
  });

  test("a closed drop makes room for the next one of its product", async () => {
    const drop = await openDrop();
    good(await steer("close", drop), 200);
    const next = good(await shop.operator.post("/admin/drops", { name: "다음", productId: drop.productId, opensAt: at(MINUTE_MS) }), 201);
    assert.equal(good(await shop.anyone("GET", `/products/${drop.productId}`), 200).dropId, next.id);
  });
});

describe("editing", () => {
  const edit = ({ id }: Drop, body: unknown): Promise<Answer> => shop.operator.patch(`/admin/drops/${id}`, body);

  test("terms change before the opening, each edit raises the version, and metadata is merged", async () => {
    const drop = await openDrop({ opensAt: at(10 * MINUTE_MS), metadata: { a: "1", b: "2" } });
    const edited = good(await edit(drop, { limitPerCustomer: 3, holdFor: "PT1M", metadata: { a: null, c: "3" } }), 200);
    assert.deepEqual([edited.limitPerCustomer, edited.holdFor, edited.version, edited.metadata], [3, "PT1M", 2, { b: "2", c: "3" }]);
    assert.equal(good(await edit(drop, { limitPerCustomer: 3 }), 200).version, 2);
    const { current } = refused(await edit(drop, { name: "다른", version: 1 }), 409, "VERSION_CONFLICT") as { current: { version: number } };
    assert.equal(current.version, 2);
    refused(await edit({ ...drop, id: drop.productId }, { name: "다른" }), 404, "DROP_NOT_FOUND");
  });

  test("each wrong field of an edit is named, and nothing is changed", async () => {
    const line = await openDrop({ opensAt: at(10 * MINUTE_MS), closesAt: at(60 * MINUTE_MS), holdFor: "PT30M" });
    const draw = await openDrop({ mode: "DRAW", opensAt: at(10 * MINUTE_MS), closesAt: at(60 * MINUTE_MS), holdFor: null });
    const bad: [Drop, string, Record<string, unknown>][] = [
      [line, "/opensAt", { opensAt: at(-10 * MINUTE_MS) }],
      [line, "/closesAt", { closesAt: at(5 * MINUTE_MS) }],
      [line, "/closesAt", { opensAt: at(70 * MINUTE_MS) }],
      [line, "/limitPerCustomer", { limitPerCustomer: 0 }],
      [line, "/holdFor", { holdFor: "PT2H" }],
      [line, "/holdFor", { closesAt: at(20 * MINUTE_MS) }],
      [line, "/publicValueSource", { publicValueSource: "a lottery" }],
      [draw, "/closesAt", { closesAt: null }],
    ];
    for (const [drop, path, terms] of bad) {
      const { errors } = refused(await edit(drop, { name: "다른", ...terms }), 400, "INVALID_REQUEST") as { errors: { path: string }[] };
      assert.deepEqual([errors[0]?.path, JSON.stringify(terms)], [path, JSON.stringify(terms)]);
    }
    for (const drop of [line, draw]) assert.deepEqual([(await shown(drop)).name, (await shown(drop)).version], ["한정판", 1]);
    // The standard hold fits every drop, as at its creation.
    const standard = await openDrop({ opensAt: at(10 * MINUTE_MS), closesAt: at(60 * MINUTE_MS), holdFor: null });
    good(await edit(standard, { closesAt: at(12 * MINUTE_MS) }), 200);
  });

  test("once a drop has opened, all but name, metadata and closesAt is fixed", async () => {
    const drop = await openDrop();
    const { fields } = refused(await edit(drop, { name: "다른", limitPerCustomer: 3, waitlist: false }), 409, "DROP_ALREADY_OPEN");
    assert.deepEqual(fields, ["limitPerCustomer", "waitlist"]);
    const closesAt = at(30 * MINUTE_MS);
    const edited = good(await edit(drop, { name: "다른", closesAt, waitlist: true }), 200);
    assert.deepEqual([edited.name, edited.closesAt], ["다른", closesAt]);
    assert.equal((refused(await edit(drop, { closesAt: at(-1000) }), 400, "INVALID_REQUEST")["errors"] as { path: string }[])[0]?.path, "/closesAt");
    clock.forward(30 * MINUTE_MS);
    refused(await edit(drop, { closesAt: at(30 * MINUTE_MS) }), 409, "DROP_CLOSED");
  });
});

describe("requests that the till decides together", () => {
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (const deadline = performance.now() + 60_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 10)))
      assert.ok(performance.now() < deadline, String(holds));
  };
  const roundWaits = async (): Promise<boolean> =>
    (
      await shop.shop.database.rows({
        name: "locks",
        text: "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        values: [],
      })
    ).length > 0;
  /** Sends these requests so that they come into one round, in this order. */
  async function inOneRound(drop: Drop, requests: (() => Promise<Answer>)[]): Promise<Answer[]> {
    const { databaseUrl = "" } = shop.shop.config;
    let first: Promise<Answer> | undefined;
    const sent: Promise<Answer>[] = [];
    await whileHeld(databaseUrl, "SELECT FROM drops WHERE id = $1 FOR UPDATE", [drop.id], async () => {
      // Its round waits for the row, and the others wait for the round.
      first = shop.operator.patch(`/admin/drops/${drop.id}`, { name: "이름" });
      await until(roundWaits);
      for (const [i, request] of requests.entries()) {
        sent.push(request());
        await until(() => shop.shop.till.waiting > i);
      }
    });
    good((await first) as Answer, 200);
    return Promise.all(sent);
  }

  test("a close ends the hold of an entry that comes just before it", async () => {
    const drop = await openDrop();
    const [user] = (await shop.users(1)) as [Client];
    const [made, closed] = await inOneRound(drop, [() => enter(user, drop), () => steer("close", drop)]);
    assert.equal(good(made as Answer, 201).status, "HELD");
    assert.equal(good(closed as Answer, 200).remaining, 2);
    assert.equal((await mine(user, drop)).status, "LAPSED");
  });

  test("an entry that is left before its answer has come gives its units back", async () => {
    const drop = await openDrop();
    const [user] = (await shop.users(1)) as [Client];
    const [made, left] = await inOneRound(drop, [() => enter(user, drop), () => user.delete(`/drops/${drop.id}/entries/mine`)]);
    good(made as Answer, 201);
    good(left as Answer, 204);
    assert.equal((await mine(user, drop)).status, "LEFT");
    assert.equal((await shown(drop)).remaining, 2);
  });
});
