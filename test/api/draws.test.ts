// Draws over HTTP: made once, from public data, and verifiable by entrants.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linesOf } from "../../src/drop/draw/draw-file.ts";
import { leafOf } from "../../src/drop/draw/draw.ts";
import { rootFromPath } from "../../src/drop/draw/merkle.ts";
import { type Finding, verifyDraw } from "../../src/drop/draw/verify-draw.ts";
import { closeSoon } from "../support/close-soon.ts";
import { type Client, good, type Json, refused, type TestShop } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other: beside } = await twoInstances();

const HOUR_MS = 3_600_000;
type Drop = { id: string; variants: string[] };
type Entry = { entryId: string; number: number; rank: number | null; status: string; variantId: string; quantity: number; heldUntil: string | null };
type Line = { number: number; entryId: string; variantId: string; quantity: number; rank: number | null };
/** A draw that is open until `close`. */
async function draw(stock: number[], fields: Record<string, unknown> = {}): Promise<Drop> {
  const product = await shop.product({ variants: stock.map((units, i) => ({ name: `${i}`, options: { size: `${i}` }, price: 1000, stock: units })) });
  const body = {
    name: "추첨",
    productId: product.id,
    mode: "DRAW",
    opensAt: new Date(Date.now() - 100).toISOString(),
    closesAt: new Date(Date.now() + HOUR_MS).toISOString(),
    ...fields,
  };
  const { id } = good(await shop.operator.post("/admin/drops", body), 201);
  return { id, variants: product.variants.map((variant) => variant.id) };
}

const close = ({ id }: Drop): Promise<number> => closeSoon(shop.operator, id);

const past = (instant: number): Promise<number> =>
  until(
    () => Promise.resolve(Date.now()),
    (now) => now > instant,
  );

async function enter(drop: Drop, user: Client, at: TestShop, variant = 0, quantity = 1): Promise<Entry> {
  return good(await user.at(at).post(`/drops/${drop.id}/entries`, { variantId: drop.variants[variant], quantity }), 201);
}

const drawOf = async (drop: Drop): Promise<Json> => good(await shop.anyone("GET", `/drops/${drop.id}/draw`), 200);
const mine = async (drop: Drop, user: Client): Promise<Json> => good(await user.get(`/drops/${drop.id}/entries/mine`), 200);

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ;) {
    const value = await read();
    if (holds(value)) return value;
    assert.ok(Date.now() < deadline, JSON.stringify(value));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const drawn = (drop: Drop): Promise<Json> =>
  until(
    () => drawOf(drop),
    ({ drawnAt }) => drawnAt !== null,
  );

async function fileOf(drop: Drop, at = shop): Promise<{ text: string; header: Json; lines: Line[] }> {
  const answer = await at.anyone("GET", `/drops/${drop.id}/draw/file`);
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers["content-type"]), /^application\/x-ndjson/);
  const [header, ...lines] = answer.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { text: answer.text, header, lines };
}

async function verified(text: string): Promise<string[]> {
  const findings: Finding[] = [];
  await verifyDraw(
    linesOf(
      (async function* () {
        yield Buffer.from(text);
      })(),
    ),
    {},
    (finding) => findings.push(finding),
  );
  return findings.filter(({ result }) => result === "failed").map((finding) => finding.text);
}

const query = (text: string, values: unknown[]): Promise<Json[]> => shop.shop.database.rows({ name: text, text, values });

/** The numbers of the entries that have a place in the drawn line. */
async function places({ id }: Drop): Promise<number[]> {
  return (await query("SELECT number FROM draw_lines WHERE drop_id = $1 ORDER BY number", [id])).map(({ number }) => number);
}

describe("a draw", () => {
  test("is made once by two instances, its file verifies, and each entrant has a rank and a proof", async () => {
    const drop = await draw([3, 2], { waitlist: true });
    const users = await shop.users(12);
    const before = await drawOf(drop);
    assert.match(before.commitment, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      { ...before, commitment: "" },
      { commitment: "", publicValueSource: null, publicValue: null, seed: null, entriesRoot: null, entryCount: null, drawnAt: null },
    );
    for (const [i, user] of users.entries()) {
      const entry = await enter(drop, user, i % 2 === 0 ? shop : beside, i % 2, i === 4 ? 2 : 1);
      assert.deepEqual([entry.number, entry.status, entry.rank], [i + 1, "WAITING", null]);
    }
    good(await (users[11] as Client).delete(`/drops/${drop.id}/entries/mine`), 204);
    assert.deepEqual((await fileOf(drop)).lines, []);
    await close(drop);

    const result = await drawn(drop);
    assert.deepEqual([result.commitment, result.entryCount], [before.commitment, 11]);
    const { text, header, lines } = await fileOf(drop, beside);
    assert.deepEqual(await verified(text), []);
    assert.deepEqual({ ...header, format: "", dropId: "", stock: null }, { ...result, format: "", dropId: "", stock: null });
    assert.deepEqual(header.stock, { [drop.variants[0] ?? ""]: 3, [drop.variants[1] ?? ""]: 2 });
    assert.deepEqual(
      lines.map(({ number }) => number),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );

    const left = new Map(Object.entries(header.stock as Record<string, number>));
    for (const { number, variantId, quantity, rank } of lines.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0))) {
      const entry = await mine(drop, users[number - 1] as Client);
      const free = left.get(variantId) ?? 0;
      assert.equal(entry.rank, rank);
      assert.equal(entry.status, quantity <= free ? "HELD" : "WAITING");
      if (quantity <= free) left.set(variantId, free - quantity);
      const { leaf, index, path } = entry.proof;
      assert.equal(leaf, leafOf(drop.id, entry).toString("hex"));
      const root = rootFromPath(
        Buffer.from(leaf, "hex"),
        index,
        11,
        path.map((node: string) => Buffer.from(node, "hex")),
      );
      assert.equal(root?.toString("hex"), result.entriesRoot);
    }
    assert.equal((await mine(drop, users[11] as Client)).proof, null);
    const again = await shop.operator.post("/admin/jobs/run-draws/run");
    assert.deepEqual(good(again, 200).lastResult, { drawn: 0 });
    assert.deepEqual(await drawOf(drop), result);
  });

  test("without a waitlist the rest has lost, and no units pass to it", async () => {
    const drop = await draw([1]);
    const users = await shop.users(3);
    for (const user of users) await enter(drop, user, shop);
    await close(drop);
    await drawn(drop);
    const entries = await Promise.all(users.map((user) => mine(drop, user)));
    const winner = users[entries.findIndex(({ status }) => status === "HELD")] as Client;
    assert.deepEqual(entries.map(({ status }) => status).toSorted(), ["HELD", "LOST", "LOST"]);
    good(await winner.delete(`/drops/${drop.id}/entries/mine`), 204);
    const after = await Promise.all(users.map((user) => mine(drop, user)));
    assert.deepEqual(after.map(({ status }) => status).toSorted(), ["LEFT", "LOST", "LOST"]);
  });

  test("with a waitlist the next in the drawn order gets the units that a winner gives up", async () => {
    const drop = await draw([1], { waitlist: true });
    const users = await shop.users(4);
    for (const user of users) await enter(drop, user, shop);
    await close(drop);
    await drawn(drop);
    const byRank = new Map<number, Client>();
    for (const user of users) byRank.set((await mine(drop, user)).rank, user);
    for (const rank of [1, 2, 3]) {
      assert.equal((await mine(drop, byRank.get(rank) as Client)).status, "HELD");
      good(await (byRank.get(rank) as Client).delete(`/drops/${drop.id}/entries/mine`), 204);
    }
    assert.equal((await mine(drop, byRank.get(4) as Client)).status, "HELD");
  });

  test("leaves a place in the drawn line to those who wait, and to no others", async () => {
    const drop = await draw([3, 3], { waitlist: true });
    const users = await shop.users(12);
    for (const [i, user] of users.entries()) await enter(drop, user, shop, i % 2, 1 + (i % 3));
    await close(drop);
    await drawn(drop);
    const withStatus = async (status: string): Promise<Client[]> => {
      const entries = await Promise.all(users.map((user) => mine(drop, user)));
      return users.filter((_, i) => entries[i].status === status);
    };
    const waiting = async (): Promise<number[]> => (await withStatus("WAITING")).map((user) => users.indexOf(user) + 1);
    assert.deepEqual(await places(drop), await waiting());
    for (const status of ["WAITING", "HELD"]) {
      const [user] = await withStatus(status);
      good(await (user as Client).delete(`/drops/${drop.id}/entries/mine`), 204);
      assert.deepEqual(await places(drop), await waiting());
    }
    // The first of those that wait is told to be the next.
    const entries = await Promise.all((await withStatus("WAITING")).map((user) => mine(drop, user)));
    const { called } = good(await shop.operator.get(`/drops/${drop.id}`), 200);
    assert.equal(called, Math.min(...entries.map(({ rank }) => rank)) - 1);
    good(await shop.operator.post(`/admin/drops/${drop.id}/close`), 200);
    good(await shop.operator.post("/admin/jobs/expire-holds/run"), 200);
    assert.deepEqual(await places(drop), []);
  });

  test("has who waited at the close, also if the entry leaves before the draw", async () => {
    const drop = await draw([1], { waitlist: true });
    const users = await shop.users(3);
    for (const user of users) await enter(drop, user, shop);
    good(await shop.operator.post(`/admin/drops/${drop.id}/pause`), 200);
    await past((await close(drop)) + 50);
    good(await (users[1] as Client).delete(`/drops/${drop.id}/entries/mine`), 204);
    assert.equal((await drawOf(drop)).entriesRoot, null);
    good(await shop.operator.post(`/admin/drops/${drop.id}/resume`), 200);
    assert.equal((await drawn(drop)).entryCount, 3);
    const entries = await Promise.all(users.map((user) => mine(drop, user)));
    assert.equal(entries[1].status, "LEFT");
    assert.ok(entries[1].proof.path.length > 0);
    assert.deepEqual([entries[0].status, entries[2].status].toSorted(), ["HELD", "WAITING"]);
    assert.deepEqual(await places(drop), [entries[0].status === "WAITING" ? 1 : 3]);
  });

  test("passes over a place whose entry left between the close and the draw", async () => {
    const drop = await draw([1], { waitlist: true });
    const users = await shop.users(3);
    for (const user of users) await enter(drop, user, shop);
    await close(drop);
    await drawn(drop);
    const byRank = new Map<number, Client>();
    for (const user of users) byRank.set((await mine(drop, user)).rank, user);
    // As if the second had left after its place was written, and before the draw was made.
    const place = await query("SELECT * FROM draw_lines WHERE drop_id = $1 AND rank = 2", [drop.id]);
    good(await (byRank.get(2) as Client).delete(`/drops/${drop.id}/entries/mine`), 204);
    await query("INSERT INTO draw_lines VALUES ($1, $2, $3, $4, $5)", Object.values(place[0]));
    const { called } = good(await shop.anyone("GET", `/drops/${drop.id}`), 200);
    assert.equal(called, 2);
    good(await (byRank.get(1) as Client).delete(`/drops/${drop.id}/entries/mine`), 204);
    assert.equal((await mine(drop, byRank.get(2) as Client)).status, "LEFT");
    assert.equal((await mine(drop, byRank.get(3) as Client)).status, "HELD");
  });

  test("is not made from other entries than at its close", async () => {
    const drop = await draw([1], { publicValueSource: "주사위" });
    const users = await shop.users(2);
    for (const user of users) await enter(drop, user, shop);
    await close(drop);
    await until(
      () => drawOf(drop),
      ({ entriesRoot }) => entriesRoot !== null,
    );
    const resize = (quantity: number) => query("UPDATE drop_entries SET quantity = $2 WHERE drop_id = $1 AND number = 1", [drop.id, quantity]);
    await resize(2);
    good(await shop.operator.post(`/admin/drops/${drop.id}/public-value`, { publicValue: "6" }), 200);
    const run = good(await shop.operator.post("/admin/jobs/run-draws/run"), 200);
    assert.match(run.lastResult.error, /the job failed/);
    assert.equal((await drawOf(drop)).drawnAt, null);
    await resize(1);
    assert.equal((await drawn(drop)).entryCount, 2);
  });

  test("without entries has the root of nothing", async () => {
    const drop = await draw([1]);
    await close(drop);
    const { entriesRoot, entryCount } = await drawn(drop);
    assert.deepEqual([entriesRoot, entryCount], ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0]);
    assert.deepEqual(await verified((await fileOf(drop)).text), []);
  });

  test("that an operator closes first is never made", async () => {
    const drop = await draw([1]);
    const [user] = await shop.users(1);
    await enter(drop, user as Client, shop);
    // The draw waits while the drop is paused.
    good(await shop.operator.post(`/admin/drops/${drop.id}/pause`), 200);
    const closesAt = await close(drop);
    good(await shop.operator.post(`/admin/drops/${drop.id}/close`), 200);
    await past(closesAt);
    good(await shop.operator.post("/admin/jobs/run-draws/run"), 200);
    assert.equal((await drawOf(drop)).drawnAt, null);
    assert.equal((await mine(drop, user as Client)).status, "LOST");
  });
});

describe("a public value", () => {
  test("is taken once, after the root is fixed; the draw waits for it, and an entry that leaves stays in it", async () => {
    const drop = await draw([2], { publicValueSource: "로또 1234회", waitlist: true });
    const users = await shop.users(5);
    for (const user of users) await enter(drop, user, shop);
    const send = (publicValue: string) => shop.operator.post(`/admin/drops/${drop.id}/public-value`, { publicValue });
    refused(await send("early"), 409, "DROP_DRAW_CLOSED");
    await close(drop);
    const closed = await until(
      () => drawOf(drop),
      ({ entriesRoot }) => entriesRoot !== null,
    );
    assert.deepEqual([closed.entryCount, closed.publicValue, closed.seed, closed.drawnAt], [5, null, null, null]);
    assert.deepEqual(await verified((await fileOf(drop)).text), []);
    refused(await (users[0] as Client).post(`/drops/${drop.id}/entries`, {}), 409, "DROP_CLOSED");
    good(await (users[4] as Client).delete(`/drops/${drop.id}/entries/mine`), 204);

    good(await send("3, 11, 15, 29, 35, 44 + 10"), 200);
    refused(await send("another"), 409, "DROP_DRAW_CLOSED");
    const result = await drawn(drop);
    assert.deepEqual([result.publicValue, result.entriesRoot], ["3, 11, 15, 29, 35, 44 + 10", closed.entriesRoot]);
    const { text, lines } = await fileOf(drop);
    assert.deepEqual(await verified(text), []);
    assert.equal(lines.length, 5);
    assert.equal((await mine(drop, users[4] as Client)).status, "LEFT");
    const statuses = await Promise.all(users.slice(0, 4).map(async (user) => (await mine(drop, user)).status));
    assert.deepEqual(statuses.toSorted(), ["HELD", "HELD", "WAITING", "WAITING"]);
    refused(await send("late"), 409, "DROP_DRAW_CLOSED");
  });

  test("is refused if none was announced, from a shopper, and for an unknown drop", async () => {
    const drop = await draw([1]);
    refused(await shop.operator.post(`/admin/drops/${drop.id}/public-value`, { publicValue: "x" }), 409, "DROP_DRAW_CLOSED");
    refused(await (await shop.user()).post(`/admin/drops/${drop.id}/public-value`, { publicValue: "x" }), 403, "FORBIDDEN");
    refused(await shop.operator.post(`/admin/drops/${drop.variants[0]}/public-value`, { publicValue: "x" }), 404, "DROP_NOT_FOUND");
    refused(await shop.operator.post(`/admin/drops/${drop.id}/public-value`, { publicValue: " " }), 400, "INVALID_REQUEST");
    refused(await shop.anyone("GET", `/drops/${drop.variants[0]}/draw`), 404, "DROP_NOT_FOUND");
    refused(await shop.anyone("GET", `/drops/${drop.variants[0]}/draw/file`), 404, "DROP_NOT_FOUND");
  });
});
