// Grants in bulk: a named batch pays each row once, every invalid row is reported, and one invalid
// row prevents all grants.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => void (shop = await openTestShop()));
after(() => shop.close());

const UNKNOWN_USER = "0193a000-0000-7000-8000-0000000000ff";
const row = ({ id }: { id: string }, amount = 100, reason = "리뷰 보상") => ({ userId: id, amount, reason });
const grant = (grants: object[], fields: object = {}) => shop.operator.post("/admin/balances/grant", { grants, ...fields });
const balances = (users: Client[]) => Promise.all(users.map((user) => shop.balanceOf(user)));

describe("a named batch", () => {
  test("a batch sent again in any order or Unicode form, or with more rows, pays each row once", async () => {
    const [a, b, c] = (await shop.users(3)) as [Client, Client, Client];
    const batch = "2026-11 리뷰";
    assert.deepEqual(good(await grant([row(a), row(b)], { batch }), 200), { granted: 2, totalAmount: 200, alreadyGranted: 0 });
    assert.deepEqual(good(await grant([row(b), row(a)], { batch }), 200), { granted: 0, totalAmount: 0, alreadyGranted: 2 });
    const again = [row(b), row(c, 70), row(a, 100, ` ${"리뷰 보상".normalize("NFD")} `)];
    assert.deepEqual(good(await grant(again, { batch: ` ${batch.normalize("NFD")}` }), 200), { granted: 1, totalAmount: 70, alreadyGranted: 2 });
    assert.deepEqual(await balances([a, b, c]), [100, 100, 70]);
    assert.deepEqual(good(await shop.operator.get(`/users/${a.id}/balance/transactions`), 200).transactions.length, 1);
  });

  test("grants of other batches or reasons are separate, and grants without a batch are always paid", async () => {
    const [a] = (await shop.users(1)) as [Client];
    good(await grant([row(a, 1), row(a, 1, "다른 사유")], { batch: "one" }), 200);
    good(await grant([row(a, 1)], { batch: "two" }), 200);
    for (let i = 0; i < 2; i++) assert.deepEqual(good(await grant([row(a, 1), row(a, 1)]), 200), { granted: 2, totalAmount: 2 });
    assert.deepEqual(await balances([a]), [7]);
  });

  // The lock on the user protects the rows of the batch.
  test("two operators who send one batch concurrently pay it once", async () => {
    const users = await shop.users(20);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        grant(
          users.map((user) => row(user)),
          { batch: "at once" },
        ),
      ),
    );
    const granted = answers.reduce((sum, answer) => sum + good(answer, 200).granted, 0);
    assert.equal(granted, 20, inspect(answers.map(({ body }) => body)));
    assert.deepEqual(new Set(await balances(users)), new Set([100]));
  });

  test("a row of a batch that was paid with another amount is refused by its path, and nothing is granted", async () => {
    const [a, b] = (await shop.users(2)) as [Client, Client];
    good(await grant([row(a)], { batch: "corrected" }), 200);
    const answer = await grant([row(b), row(a, 120)], { batch: "corrected" });
    refused(answer, 400, "INVALID_REQUEST");
    assert.deepEqual(answer.body.errors, [{ path: "/grants/1/amount", message: "the batch granted 100 to this user for this reason already" }]);
    assert.deepEqual(await balances([a, b]), [100, 0]);
  });

  test("a repeated row within a batch is refused and names both rows", async () => {
    const [a, b] = (await shop.users(2)) as [Client, Client];
    const answer = await grant([row(b), row(a), row(a, 50)], { batch: "twice" });
    refused(answer, 400, "INVALID_REQUEST");
    assert.deepEqual(answer.body.errors, [{ path: "/grants/2", message: "repeats /grants/1: a batch grants to a user for a reason once" }]);
    assert.deepEqual(await balances([a, b]), [0, 0]);
  });
});

describe("faulty rows", () => {
  test("the first 20 invalid rows are reported, all are counted, and nothing is granted", async () => {
    const [a] = (await shop.users(1)) as [Client];
    const limit = 1_000_000_000_000;
    const grants = [row(a, 5), ...Array.from({ length: 30 }, () => row({ id: UNKNOWN_USER }))];
    const answer = await grant(grants);
    refused(answer, 404, "USER_NOT_FOUND");
    assert.deepEqual([answer.body.userId, answer.body.faultyRows], [UNKNOWN_USER, 30]);
    assert.deepEqual(
      answer.body.errors,
      Array.from({ length: 20 }, (_, i) => ({ path: `/grants/${i + 1}/userId`, message: "user does not exist" })),
    );
    const over = await grant([row(a, limit), row(a, 1), row(a, 2)]);
    refused(over, 400, "BALANCE_LIMIT_EXCEEDED");
    assert.deepEqual([over.body.balance, over.body.requested, over.body.limit, over.body.faultyRows], [limit, 1, limit, 2]);
    assert.deepEqual(
      over.body.errors.map(({ path }: { path: string }) => path),
      ["/grants/1/amount", "/grants/2/amount"],
    );
    assert.deepEqual(await balances([a]), [0]);
  });

  test("a dry run reports each invalid row and the totals, and grants nothing", async () => {
    const [a] = (await shop.users(1)) as [Client];
    good(await grant([row(a)], { batch: "dry" }), 200);
    const grants = [row(a), row(a, 7, "다른 사유"), ...Array.from({ length: 30 }, (_, i) => row({ id: UNKNOWN_USER }, 1, `${i}`))];
    const { granted, totalAmount, alreadyGranted, faults } = good(await grant(grants, { batch: "dry", dryRun: true }), 200);
    assert.deepEqual([granted, totalAmount, alreadyGranted, faults.length], [31, 37, 1, 30]);
    assert.deepEqual(faults[29], { path: "/grants/31/userId", problem: "USER_NOT_FOUND", message: "user does not exist" });
    assert.deepEqual(good(await grant(grants.slice(0, 2), { batch: "dry", dryRun: true }), 200).faults, []);
    assert.deepEqual(await balances([a]), [100]);
  });

  // The test fails if only the first taken external id is reported.
  test("each external id that is taken is reported, and no user is created", async () => {
    good(
      await shop.operator.post("/admin/users", {
        users: [
          { name: "가", externalId: "taken-1" },
          { name: "나", externalId: "taken-2" },
        ],
      }),
      201,
    );
    const externalIds = ["taken-1", "free-1", "taken-2", "free-1", undefined, "free-1", ...Array.from({ length: 25 }, () => "taken-1")];
    const answer = await shop.operator.post("/admin/users", { users: externalIds.map((externalId) => ({ name: "다", externalId })) });
    refused(answer, 400, "INVALID_REQUEST");
    assert.deepEqual(
      answer.body.errors.map(({ path }: { path: string }) => path),
      [0, 2, 3, 5, ...Array.from({ length: 25 }, (_, i) => i + 6)].map((i) => `/users/${i}/externalId`),
    );
    assert.equal((await shop.operator.post("/admin/users", { name: "라", externalId: "free-1" })).status, 201);
    const single = await shop.operator.post("/admin/users", { name: "라", externalId: "free-1" });
    assert.deepEqual(
      single.body.errors.map(({ path }: { path: string }) => path),
      ["/externalId"],
    );
  });
});
