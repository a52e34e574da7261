// The reconciliation beyond single payments: settlements and their fees, and the command line, which books as the job does.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { type Gateway, GatewayUnknown } from "../../src/gateway/gateway.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { jangnal } from "../support/process.ts";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";

const SECRET = "test_sk_of_the_tests";
let simulator: Simulator;
let shop: TestShop;
let env: Record<string, string>;
before(async () => {
  simulator = new Simulator({ secret: SECRET });
  env = { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_SETTLE_AFTER_MS: "600000" };
  shop = await openTestShop({ env });
});
after(async () => {
  await shop.close();
  await simulator.close();
});
beforeEach(() => {
  simulator.alterSettlements = (rows) => rows;
});

type Row = Record<string, unknown>;
type Found = { what: string; paymentKey: string; settlement?: { amount: number; fee: number; payOut: number } };
const reconcile = async () => good(await shop.operator.get("/admin/reconciliation"), 200);
const differences = async (): Promise<Found[]> => (await reconcile()).differences;

/** Pays an order of ten units at 1,000. */
async function paid(): Promise<{ user: Client; orderId: string; paymentKey: string }> {
  const user = await shop.user();
  const product = await shop.product({ price: 1000 });
  const order = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 10 }], payment: { method: "DEFERRED" } });
  const { orderId } = good(order, 201);
  const paymentKey = simulator.authorize({ orderId, amount: 10_000 });
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 201);
  return { user, orderId, paymentKey };
}

describe("the settlements of a reconciliation", () => {
  test("add up: the payout is the settled amount less the fees, also of a refund", async () => {
    const { user, orderId } = await paid();
    await paid();
    good(await user.post(`/orders/${orderId}/cancel`), 200);
    const { settlements, differences: found } = await reconcile();
    assert.deepEqual(found, []);
    assert.deepEqual(settlements, { settled: 10_000, fees: 242, paidOut: 9758, unsettled: 0 });
  });

  test("of a movement that is not settled yet are counted, and are no difference", async () => {
    const { paymentKey } = await paid();
    simulator.alterSettlements = (rows) => rows.filter((row) => row["paymentKey"] !== paymentKey);
    const { settlements, differences: found } = await reconcile();
    assert.deepEqual([settlements.unsettled, found], [1, []]);
  });

  const FAULTS: Record<string, (row: Row) => Row[]> = {
    "settled amounts differ": (row) => [{ ...row, amount: 9000, payOutAmount: 8758 }],
    "settled without a movement": (row) => [row, { ...row, transactionKey: "unknown" }],
    "settled twice": (row) => [row, row],
    "fees do not add up": (row) => [{ ...row, payOutAmount: 9000 }],
    "settlement not readable": (row) => [{ ...row, payOutAmount: "much" }],
  };
  for (const [what, alter] of Object.entries(FAULTS))
    test(`are compared: ${what}`, async () => {
      const { paymentKey } = await paid();
      simulator.alterSettlements = (rows) => rows.flatMap((row) => (row["paymentKey"] === paymentKey ? alter(row) : [row]));
      assert.deepEqual(
        (await differences()).map((found) => [found.what, found.paymentKey]),
        [[what, paymentKey]],
      );
    });

  test("whose fees are named in the older way are read, and those of an interest-free installment", async () => {
    const { paymentKey } = await paid();
    const alter = (change: (row: Row) => Row): void => {
      simulator.alterSettlements = (rows) => rows.map((row) => (row["paymentKey"] === paymentKey ? change(row) : row));
    };
    alter((row) => ({ ...row, fees: undefined }));
    assert.deepEqual(await differences(), []);
    alter((row) => ({ ...row, interestFee: 300, payOutAmount: 10_000 - 242 - 300 }));
    assert.deepEqual(await differences(), []);
  });

  test("of a gateway without them are null", async (t) => {
    t.mock.method(shop.shop.background as Required<Gateway>, "settlements", () => {
      throw new GatewayUnknown("FORBIDDEN_REQUEST", { gatewayFailed: false, answered: true });
    });
    assert.equal((await reconcile()).settlements, null);
  });

  test("are read page by page", async () => {
    const asked: string[] = [];
    simulator.alterSettlements = (rows) => {
      asked.push(String(rows.length));
      return asked.length === 1
        ? Array.from({ length: 1000 }, () => ({ ...rows[0], transactionKey: "old", approvedAt: "2020-01-01T00:00:00+09:00" }))
        : rows;
    };
    assert.deepEqual(await differences(), []);
    assert.equal(asked.length, 2);
  });
});

describe("npx jangnal reconcile", () => {
  const run = (...args: string[]) => jangnal(["reconcile", ...args], { ...env, DATABASE_URL: shop.shop.config.databaseUrl as string });

  test("prints the settlements, and exits with 1 and their differences if the fees are wrong", async () => {
    const { paymentKey } = await paid();
    const { code, output } = await run();
    assert.deepEqual([code, /both sides agree/.test(output), /fees, \d+ paid out/.test(output)], [0, true, true], output);
    simulator.alterSettlements = (rows) => rows.map((row) => (row["paymentKey"] === paymentKey ? { ...row, payOutAmount: 9000 } : row));
    const table = await run();
    assert.equal(table.code, 1);
    assert.match(table.output, /fees do not add up/);
    const csv = await run("--csv");
    assert.match(csv.output, new RegExp(`fees do not add up,${paymentKey},.*,10000,242,9000`));
  });

  test("books a payment that was cancelled as a whole in the gateway's dashboard, as the job does", async () => {
    const { user, orderId, paymentKey } = await paid();
    simulator.cancelInDashboard(paymentKey);
    const { code, output } = await run();
    assert.equal(code, 0, output);
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "REFUNDED");
    assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  });
});
