import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { planFaults } from "./check-plan.ts";
import { planReplay } from "./plan.ts";
import { parseSales, readSalesFile } from "./sales-file.ts";

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const data = new URL("../../data/online-retail/", import.meta.url);
const excerpt = fileURLToPath(new URL("2010-12-01.csv", data));
const month = process.env["ONLINE_RETAIL"] ?? fileURLToPath(new URL("2010-12.csv.gz", data));

/** Plans lines of `invoice,stockCode,quantity,time,price,customer` on one day. */
function planOf(...lines: string[]) {
  const rows = lines.map((line) => {
    const [invoice, stockCode, quantity, time, price, customer] = line.split(",");
    return [invoice, stockCode, `NAME OF ${stockCode}`, quantity, `2010-12-01 ${time}:00`, price, customer, "France"].join(",");
  });
  return planReplay(parseSales(Buffer.from([header, ...rows].join("\n")), "sales.csv"));
}

const refundsOf = (plan: ReturnType<typeof planOf>) =>
  plan.refunds.map(({ cancellation, invoice, lines }) => [cancellation, invoice, ...lines.map((line) => `${line.quantity} ${line.sku}`)]);

// Fails without the grouping by SKU in `planOrder`.
test("lines of one stock code in an invoice are added up per price", () => {
  const plan = planOf("1,A,2,08:00,2.55,7.0", "1,B,1,08:00,1.0,7.0", "1,A,3,08:00,2.55,7.0", "1,A,1,08:00,2.1,7.0");
  assert.deepEqual(
    plan.orders[0]?.lines.map((line) => [line.sku, line.quantity]),
    [
      ["A@210", 1],
      ["A@255", 5],
      ["B@100", 1],
    ],
  );
  assert.deepEqual(plan.products[0]?.variants, [
    { sku: "A@210", name: "£2.10", price: 210, stock: 1 },
    { sku: "A@255", name: "£2.55", price: 255, stock: 5 },
  ]);
  assert.deepEqual(plan.customers, [{ customer: "7", spends: 5 * 255 + 100 + 210 }]);
});

test("an invoice with two times is ordered at the earlier one", () => {
  const plan = planOf("1,A,1,16:58,1.0,7.0", "1,B,1,16:57,1.0,7.0");
  assert.equal(plan.orders[0]?.orderedAt, "2010-12-01T16:57:00.000Z");
});

test("a product has the most frequent description of its stock code, or else the stock code as its name", () => {
  const named = (stockCode: string, name: string) => `1,${stockCode},${name},1,2010-12-01 08:00:00,1.0,7.0,France`;
  const lines = [named("A", ""), named("A", ""), named("A", "LAMP"), named("A", "LAMP, RED"), named("A", "LAMP"), named("B", " ")];
  lines[3] = lines[3]!.replace("LAMP, RED", '"LAMP, RED"');
  const plan = planReplay(parseSales(Buffer.from([header, ...lines].join("\n")), "sales.csv"));
  assert.deepEqual(
    plan.products.map((product) => product.name),
    ["LAMP", "B"],
  );
});

// Fails without `toReversed` in `planRefunds`.
test("a cancellation refunds the latest orders first, up to their quantities", () => {
  const plan = planOf("1,A,5,08:00,1.0,7.0", "2,A,5,09:00,1.0,7.0", "C3,A,-7,10:00,1.0,7.0", "C4,A,-7,11:00,1.0,7.0", "C5,A,-1,12:00,1.0,7.0");
  assert.deepEqual(refundsOf(plan), [
    ["C3", "2", "5 A@100"],
    ["C3", "1", "2 A@100"],
    ["C4", "1", "3 A@100"],
  ]);
  assert.equal(plan.sums.refunds, 3);
  assert.equal(plan.sums.refundedUnits, 10);
  assert.equal(plan.sums.soldUnits, 0);
});

// Fails without `samePrice` in `planRefunds`.
test("a cancellation refunds orders at its own price first, then orders at other prices", () => {
  const plan = planOf("1,A,2,08:00,1.0,7.0", "2,A,2,09:00,3.0,7.0", "C3,A,-3,10:00,1.0,7.0");
  assert.deepEqual(refundsOf(plan), [
    ["C3", "1", "2 A@100"],
    ["C3", "2", "1 A@300"],
  ]);
  assert.equal(plan.sums.refundedAmount, 500);
});

test("a cancellation refunds no later order, no other customer's order and no other stock code", () => {
  const plan = planOf("1,A,1,08:00,1.0,8.0", "2,B,1,08:00,1.0,7.0", "3,A,1,11:00,1.0,7.0", "C4,A,-1,10:00,1.0,7.0");
  assert.deepEqual(plan.refunds, []);
});

test("lines of one cancellation that refund one order become one refund with each variant once", () => {
  const plan = planOf("1,A,3,08:00,1.0,7.0", "1,B,1,08:00,1.0,7.0", "C2,A,-1,09:00,1.0,7.0", "C2,B,-1,09:00,1.0,7.0", "C2,A,-1,09:00,1.0,7.0");
  assert.deepEqual(refundsOf(plan), [["C2", "1", "2 A@100", "1 B@100"]]);
});

// Fails without `item.left -= quantity` in `planRefunds`.
test("no line item is refunded beyond its quantity, for any sales and cancellations", () => {
  const line = fc.record({
    invoice: fc.integer({ min: 1, max: 9 }),
    stockCode: fc.constantFrom("A", "B"),
    quantity: fc.integer({ min: -9, max: 9 }).filter((quantity) => quantity !== 0),
    price: fc.constantFrom("1.0", "2.5"),
  });
  const lines = fc.array(line, { minLength: 1, maxLength: 40 }).filter((all) => all.some(({ quantity }) => quantity > 0));
  fc.assert(
    fc.property(lines, (all) => {
      // The invoice number determines the customer and the time.
      const plan = planOf(
        ...all.map(
          ({ invoice, stockCode, quantity, price }) =>
            `${quantity < 0 ? "C" : ""}${invoice},${stockCode},${quantity},1${invoice}:00,${price},${invoice % 2}.0`,
        ),
      );
      for (const order of plan.orders) {
        for (const bought of order.lines) {
          const lines = plan.refunds.filter((refund) => refund.invoice === order.invoice).flatMap((refund) => refund.lines);
          const refunded = lines.filter(({ sku }) => sku === bought.sku).reduce((sum, { quantity }) => sum + quantity, 0);
          assert.ok(refunded <= bought.quantity, `${refunded} of ${bought.quantity}`);
        }
      }
    }),
    { seed: 20101201 },
  );
});

test("the vendored day has its known sums", async () => {
  const plan = planReplay(await readSalesFile(excerpt));
  assert.deepEqual(plan.sums, {
    orders: 121,
    lines: 1_850,
    units: 24_215,
    revenue: 4_637_649,
    refunds: 1,
    refundedUnits: 6,
    refundedAmount: 2_550,
    soldUnits: 24_209,
    soldRevenue: 4_635_099,
  });
  assert.deepEqual(refundsOf(plan), [["C536506", "536488", "6 22960@425"]]);
});

// Fails without `inOrder` in `planReplay`.
test("the plan does not depend on the order of the rows", async () => {
  const file = await readSalesFile(excerpt);
  const reordered = { ...file, sales: file.sales.toReversed(), cancellations: file.cancellations.toReversed() };
  assert.equal(JSON.stringify(planReplay(file)), JSON.stringify(planReplay(reordered)));
});

// Fails without the limits of check-plan.ts.
test("everything that the shop would refuse is found before any request", () => {
  const many = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i));
  const long = "9".repeat(150);
  const plan = planOf(
    ...many(2_001, (i) => `1,A${i},1,08:00,1.0,7.0`),
    ...many(201, (i) => `2,B,1,08:00,${i + 1}.0,7.0`),
    "3,C,600000,08:00,1.0,7.0",
    "3,C,400001,08:00,1.0,7.0",
    "4,D,1,08:00,1.0,7.0",
    "4,D,1,08:00,1.0,8.0",
    `5,${long},1,08:00,1.0,7.0`,
    `6,E,1,08:00,1.0,${long}${long}`,
    "7,F,1,08:00,1.0,9.0",
  );
  const faults = planFaults(plan, "online-retail");
  for (const expected of [
    /^invoice 1: 2001 line items/,
    /^stock code B: 201 prices/,
    /^invoice 3: 1000001 of C@100/,
    /^invoice 4: more than one customer \(also 8\)/,
    /^stock code 9+: ".*" is longer than 300 characters|^stock code 9+: ".*" is longer than 100 characters/,
    /^customer: "9+…" is longer than 200 characters/,
  ])
    assert.ok(
      faults.some((fault) => expected.test(fault)),
      `${expected}\n${faults.join("\n")}`,
    );
  assert.ok(!faults.some((fault) => fault.includes("invoice 7") || fault.includes("stock code F")), faults.join("\n"));
});

test("the vendored day has no faults", async () => assert.deepEqual(planFaults(planReplay(await readSalesFile(excerpt)), "online-retail"), []));

// The file of the whole month is not in the repository. The test runs if the file is beside the excerpt or at ONLINE_RETAIL.
const testWithMonth = existsSync(month) ? test : () => {};
void testWithMonth("December 2010 has its known sums", async () => {
  const plan = planReplay(await readSalesFile(month));
  const { orders, lines, units, revenue } = plan.sums;
  const variants = plan.products.flatMap((product) => product.variants);
  assert.deepEqual(
    { orders, lines, units, revenue, customers: plan.customers.length, products: plan.products.length, variants: variants.length },
    { orders: 1_400, lines: 25_318, units: 312_265, revenue: 57_271_389, customers: 885, products: 2_411, variants: 3_118 },
  );
});
