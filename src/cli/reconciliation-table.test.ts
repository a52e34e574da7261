import assert from "node:assert/strict";
import { test } from "node:test";
import type { Difference } from "../settlement/reconcile.ts";
import { csvOf, tableOf } from "./reconciliation-table.ts";

const gateway = { status: "DONE", currency: "KRW", captured: 12_000, givenBack: 0 };
const DIFFERENCES: Difference[] = [
  { what: "only at the gateway", paymentKey: "=cmd()", paymentId: null, shop: null, gateway },
  { what: "only in the shop", paymentKey: 'a,"b', paymentId: "p1", shop: { status: "COMPLETED", captured: 5, givenBack: 1 }, gateway: null },
];

test("the differences of a reconciliation are CSV in which no value is a formula", () => {
  assert.deepEqual(csvOf(DIFFERENCES).split("\n"), [
    "difference,paymentKey,paymentId,shopStatus,shopCaptured,shopRefunded,gatewayStatus,gatewayCaptured,gatewayRefunded,settled,fee,paidOut",
    "only at the gateway,'=cmd(),,,,,DONE,12000,0,,,",
    'only in the shop,"a,""b",p1,COMPLETED,5,1,,,,,,',
  ]);
});

test("the table of a reconciliation aligns its columns", () => {
  const [head = "", ...rows] = tableOf(DIFFERENCES).split("\n");
  const column = head.indexOf("paymentKey");
  assert.deepEqual(
    rows.map((row) => row.slice(column, column + 3)),
    ["=cm", 'a,"'],
  );
});
