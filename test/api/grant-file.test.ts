// A file of grants as the console reads and sends it: no row is misread, dropped or paid twice.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createShop, type Shop } from "#client";
import { type GrantFault, grantFile, type GrantProgress, readGrants } from "../../web/console/grants.ts";
import { type Client, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let client: Shop;
before(async () => {
  shop = await openTestShop();
  client = createShop({ url: shop.url, token: () => shop.operator.token, language: () => "en" });
});
after(() => shop.close());

const UNKNOWN_USER = "0193a000-0000-7000-8000-0000000000ff";
const A = "0193a000-0000-7000-8000-00000000000a";
const read = (text: string) => readGrants(new TextEncoder().encode(text));
const faultsOf = (text: string) => read(text).faults;

async function grant(
  text: string,
  batch: string,
  by: Pick<Shop, "grantBalances"> = client,
): Promise<{ faults: GrantFault[]; progress: GrantProgress | null }> {
  let progress: GrantProgress | null = null;
  const file = read(text);
  assert.deepEqual(file.faults, []);
  const faults = await grantFile(by, file, batch, (sofar) => (progress = sofar));
  return { faults, progress };
}

describe("reading a file of grants", () => {
  test("a header row in English or Korean is recognized and is not a grant", () => {
    for (const header of ["userId,amount,reason", "User ID,Amount,Reason", "회원번호,금액,사유"])
      assert.deepEqual(read(`${header}\n${A.toUpperCase()},5,환영`).grants, [{ line: 2, userId: A, amount: 5, reason: "환영" }]);
    assert.deepEqual(read(`사유,금액,회원 ID\n환영,5,${A}`).grants, [{ line: 2, userId: A, amount: 5, reason: "환영" }]);
  });

  test("each invalid row is reported with its line, and no amount is misread", () => {
    const amounts = ["1,000", "1.000", "-5", "0", "5원", "１０", "1e3", "", "9".repeat(16)];
    const rows = amounts.map((amount, i) => `${A},"${amount}",${i}`);
    assert.deepEqual(
      faultsOf(["userId,amount,reason", ...rows].join("\r\n")),
      amounts.map((cell, i) => ({ line: i + 2, problem: "AMOUNT", cell })),
    );
    assert.deepEqual(faultsOf(`${A},1,000,보상\n\nuser-7,5,x\n${A},5,\n${A},5,${"가".repeat(501)}\n${A},5,x`), [
      { line: 1, problem: "CELLS", expected: 3, found: 4 },
      { line: 3, problem: "USER_ID", cell: "user-7" },
      { line: 4, problem: "NO_REASON" },
      { line: 5, problem: "LONG_REASON" },
    ]);
    assert.deepEqual(faultsOf(`${A},5,${"😀".repeat(500)}`), []);
  });

  test("a repeated user and reason is an error that names both lines, even with different amounts", () => {
    assert.deepEqual(faultsOf(`${A},5,x\n${A},5,y\n${A.toUpperCase()},7, x`), [{ line: 3, problem: "REPEATED", first: 1 }]);
  });
});

describe("granting a file", () => {
  const long = "설날 세뱃돈 ".repeat(60).trim();

  // All parts are checked before the first one is granted.
  test("an unknown user in the last part of a file prevents all grants", async () => {
    const users = await shop.users(700);
    const rows = users.map(({ id }) => `${id},5,${long}`);
    const { faults, progress } = await grant([...rows, `ffffffff${UNKNOWN_USER.slice(8)},5,x`].join("\n"), "whole");
    assert.deepEqual([faults, progress], [[{ line: 701, problem: "USER_NOT_FOUND" }], null]);
    assert.equal(await shop.balanceOf(users[0] as Client), 0);
  });

  // The batch in the request identifies the rows that are already paid.
  test("a file that stopped halfway can be sent again in any form and order, and pays no row twice", async () => {
    const users = await shop.users(700);
    const rows = users.map(({ id }) => `${id},5,${long}`);
    let calls = 0;
    const failing: Pick<Shop, "grantBalances"> = {
      grantBalances: (...given) => {
        if (!given[0].body.dryRun && ++calls === 2) throw new Error("the connection is gone");
        return client.grantBalances(...given);
      },
    };
    let sofar: GrantProgress | undefined;
    await assert.rejects(
      grantFile(failing, read(rows.join("\n")), "stopped", (now) => (sofar = now)),
      /gone/,
    );
    const first = sofar?.granted ?? 0;
    assert.ok(first > 0 && first < 700, `${first}`);
    const again = await grant(["userId,amount,reason", ...rows.toReversed(), ""].join("\r\n"), "stopped");
    assert.deepEqual(again.progress, { of: 700, granted: 700 - first, amount: 5 * (700 - first), before: first });
    const nothing = await grant(rows.join("\r"), "stopped");
    assert.deepEqual(nothing.progress, { of: 700, granted: 0, amount: 0, before: 700 });
    assert.deepEqual(new Set(await Promise.all(users.map((person) => shop.balanceOf(person)))), new Set([5]));
  });

  test("a corrected amount of a paid row and an amount above the limit are reported by line", async () => {
    const [a, b] = (await shop.users(2)) as [Client, Client];
    await grant(`${a.id},5,x`, "corrected");
    const { faults } = await grant(`${b.id},5,x\n\n${a.id},7,x`, "corrected");
    assert.deepEqual(faults, [{ line: 3, problem: "REFUSED", message: "the batch granted 5 to this user for this reason already" }]);
    const over = await grant(`${a.id},1,y\n${b.id},999999999999999,x`, "limit");
    assert.deepEqual(over.faults, [{ line: 2, problem: "REFUSED", message: "must be <= 1000000000000" }]);
    assert.deepEqual([await shop.balanceOf(a), await shop.balanceOf(b)], [5, 0]);
  });
});
