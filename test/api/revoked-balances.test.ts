// Granted balances that operators take back. The tests fail without `grantedMoney` in
// revocationFaults, `countGranted`, or the balance there.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { users } from "../../src/balance/balance.sql.ts";
import { grantBalances } from "../../src/balance/grant-balances.ts";
import { grantedMoney } from "../../src/balance/granted-money.sql.ts";
import { revokeBalances } from "../../src/balance/revoke-balances.ts";
import type { Command } from "../../src/till/command.ts";
import { decide } from "../../src/till/decide.ts";
import type { Loaded, Table } from "../../src/till/table.ts";
import { BALANCE_MAX, NOW, USER, wallet } from "../support/decided.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => void (shop = await openTestShop()));
after(() => shop.close());

type Row = [user: Client | string, amount: number];
const rows = (list: Row[]) => list.map(([user, amount]) => ({ userId: typeof user === "string" ? user : user.id, amount, reason: "오지급" }));
const revoke = (...list: Row[]): Promise<Answer> => shop.operator.post("/admin/balances/revoke", { revocations: rows(list) });
const paths = (answer: Answer): string[] => (answer.body.errors as { path: string }[]).map(({ path }) => path);

async function audited(): Promise<void> {
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
}

test("granted money is taken back with a ledger row whose reason only operators read", async () => {
  const user = await shop.user({ balance: 1000 });
  assert.deepEqual(good(await revoke([user, 300], [user, 200]), 200), { revoked: 2, totalAmount: 500 });
  const ledgerFor = async (reader: Client) => good(await reader.get(`/users/${user.id}/balance/transactions`), 200).transactions;
  const [newest, , granted] = await ledgerFor(shop.operator);
  assert.deepEqual([newest.type, newest.status, newest.amount, newest.balanceAfter, newest.reason], ["REVOKE", "COMPLETED", -200, 500, "오지급"]);
  assert.equal(granted.type, "GRANT");
  assert.ok(!("reason" in (await ledgerFor(user))[0]));
  await audited();
});

test("money that was charged, and granted money that was taken back before, cannot be taken back", async () => {
  const user = await shop.user({ balance: 1000 });
  good(await user.post(`/users/${user.id}/balance/charge`, { amount: 5000 }), 200);
  const refusal = refused(await revoke([user, 1001]), 400, "BALANCE_INSUFFICIENT");
  assert.deepEqual([refusal["userId"], refusal["requested"], refusal["available"]], [user.id, 1001, 1000]);
  good(await revoke([user, 600]), 200);
  assert.equal(refused(await revoke([user, 401]), 400, "BALANCE_INSUFFICIENT")["available"], 400);
  good(await revoke([user, 400]), 200);
  refused(await revoke([user, 1]), 400, "BALANCE_INSUFFICIENT");
  assert.equal(await shop.balanceOf(user), 5000);
  await audited();
});

test("no balance falls below zero when granted money was spent", async () => {
  const user = await shop.user({ balance: 1000 });
  const product = await shop.product({ price: 700 });
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  assert.equal(refused(await revoke([user, 301]), 400, "BALANCE_INSUFFICIENT")["available"], 300);
  good(await revoke([user, 300]), 200);
  assert.equal(await shop.balanceOf(user), 0);
});

test("each faulty row is named and nothing is taken back, and rows of one user count together", async () => {
  const [one, two] = (await shop.users(2, { balance: 100 })) as [Client, Client];
  const short = await revoke([one, 60], [two, 100], [one, 60], [two, 1]);
  refused(short, 400, "BALANCE_INSUFFICIENT");
  assert.deepEqual([paths(short), short.body.faultyRows], [["/revocations/2/amount", "/revocations/3/amount"], 2]);
  const unknown = await revoke([one, 200], [randomUUID(), 1]);
  refused(unknown, 404, "USER_NOT_FOUND");
  assert.deepEqual(paths(unknown), ["/revocations/0/amount", "/revocations/1/userId"]);
  assert.deepEqual([await shop.balanceOf(one), await shop.balanceOf(two)], [100, 100]);
});

test("when several operators take money back at two instances, no more goes back than was granted", async () => {
  const user = await shop.user({ balance: 1000 });
  good(await user.post(`/users/${user.id}/balance/charge`, { amount: 5000 }), 200);
  const beside = await openTestShop({ beside: shop });
  try {
    const tally = await race(20, (i) => (i % 2 === 0 ? shop : beside).operator.post("/admin/balances/revoke", { revocations: rows([[user, 100]]) }));
    assert.deepEqual(tally, { 200: 10, 400: 10 });
  } finally {
    await beside.close();
  }
  assert.equal(await shop.balanceOf(user), 5000);
  await audited();
});

test("a round counts its own grants and revocations when it takes money back", () => {
  const command = <Input>(command: Command<Input, unknown>, input: Input) => ({ command, input, needs: command.needs(input) });
  const grant = command(grantBalances, { grants: rows([[USER, 300]]), balanceMax: BALANCE_MAX });
  const taken = command(revokeBalances, { revocations: rows([[USER, 300]]) });
  const loaded: Loaded = new Map([
    [users, new Map([[USER, wallet(1000).row]])],
    [grantedMoney, new Map([[USER, 0]])],
  ] as [Table<unknown>, Map<string, unknown>][]);
  const { outcomes } = decide([grant, taken, taken] as Parameters<typeof decide>[0], loaded, NOW);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ["answer", "answer", "error"],
  );
});
