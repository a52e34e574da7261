// Turns red without: the other names of the columns, the check of empty cells.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readShipmentFile } from "./shipment-file.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a carrier's file is read by the names of its columns, in any order, and other columns are ignored", () => {
  const { rows, faults } = readShipmentFile(bytes("받는분,택배사,운송장 번호,주문번호\r\n김민수,CJ대한통운,6051-2233,261129-7ZK3MQ0D\r\n"));
  assert.deepEqual(faults, []);
  assert.deepEqual(rows, [{ line: 2, orderNumber: "261129-7ZK3MQ0D", carrier: "CJ대한통운", trackingNumber: "6051-2233" }]);
});

test("a file in CP949 is read like one in UTF-8", () => {
  // 주문번호,택배사,송장번호 and 한진
  const header = [
    0xc1, 0xd6, 0xb9, 0xae, 0xb9, 0xf8, 0xc8, 0xa3, 0x2c, 0xc5, 0xc3, 0xb9, 0xe8, 0xbb, 0xe7, 0x2c, 0xbc, 0xdb, 0xc0, 0xe5, 0xb9, 0xf8, 0xc8, 0xa3,
    0x0a,
  ];
  const row = [...bytes("261129-7ZK3MQ0D,"), 0xc7, 0xd1, 0xc1, 0xf8, ...bytes(",512\n")];
  assert.deepEqual(readShipmentFile(Uint8Array.from([...header, ...row])).rows[0]?.carrier, "한진");
});

test("each row that cannot be read is named with its line", () => {
  const { faults } = readShipmentFile(bytes("order number,carrier,tracking number\n261129-7ZK3MQ0D,,1\n261129-7ZK3MQ0D\n"));
  assert.deepEqual(
    faults.map(({ line }) => line),
    [2, 3],
  );
  assert.match(readShipmentFile(bytes("주문번호,택배사\n1,2\n")).faults[0]?.message ?? "", /trackingNumber is missing/);
});
