// Order numbers. Turn red without: the reading of I, L and O in `readable`, the bounds in `bitsOf`,
// the calendar in `dayOfDigits`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { newOrderId } from "../ids.ts";
import { type OrderNumbers, orderNumberOf, parseNumberPrefix, parseOrderNumber } from "./order-number.ts";

const SEOUL = "Asia/Seoul";
const bitsOf = (id: string): string => id.slice(21, 23) + id.slice(24, 32);
const contains = (range: OrderNumbers | undefined, id: string): boolean =>
  range !== undefined && range.fromId <= id && id < range.toId && range.fromBits <= bitsOf(id) && bitsOf(id) <= range.toBits;

test("an order number is the day in the shop's zone and the 40 bits before the last 16 of the id", () => {
  const at = Date.parse("2026-11-29T15:30:00Z");
  const id = "019acff7-5a40-7000-8a00-0000000f0000";
  assert.equal(orderNumberOf(id, at, SEOUL), "261130-0000000F");
  assert.equal(orderNumberOf(id, at, "UTC"), "261129-0000000F");
  assert.equal(orderNumberOf("019acff7-5a40-7000-8aff-ffffffff0000", at, SEOUL), "261130-ZZZZZZZZ");
  assert.equal(orderNumberOf("019acff7-5a40-7000-8a80-000000000000", at, SEOUL), "261130-G0000000");
});

test("an order is found by its number in any case, with or without the hyphen, and with letters that look like digits", () => {
  for (let i = 0; i < 500; i++) {
    const at = Date.UTC(1971, 0, 1) + Math.floor((i / 500) * 98 * 365 * 86_400_000);
    const id = newOrderId(at);
    const number = orderNumberOf(id, at, SEOUL);
    const misread =
      number.slice(0, 7) +
      number
        .slice(7)
        .replaceAll("0", "o")
        .replaceAll("1", i % 2 === 0 ? "l" : "I");
    for (const text of [number, number.toLowerCase(), number.replace("-", ""), ` ${misread} `])
      assert.ok(contains(parseOrderNumber(text, SEOUL), id), `${text} of ${id}`);
  }
});

test("each beginning of an order's number finds the order", () => {
  for (const day of ["2026-01-09", "2026-10-31", "2026-12-01", "2024-02-29", "1999-09-30"]) {
    const at = Date.parse(`${day}T03:00:00Z`);
    const id = newOrderId(at);
    const number = orderNumberOf(id, at, SEOUL);
    for (let length = 1; length <= number.length; length++) {
      const found = parseNumberPrefix(number.slice(0, length), SEOUL);
      assert.ok(contains(found, id), number.slice(0, length));
    }
  }
});

test("another day's order and another suffix are not found", () => {
  const at = Date.parse("2026-11-29T03:00:00Z");
  const id = "019acff7-5a40-7000-8a00-0000000f0000";
  const number = orderNumberOf(id, at, SEOUL);
  assert.equal(contains(parseOrderNumber(number, SEOUL), newOrderId(at)), false);
  assert.equal(contains(parseOrderNumber(`261128${number.slice(6)}`, SEOUL), id), false);
  assert.equal(contains(parseNumberPrefix("261129-1", SEOUL), id), false);
});

test("a text that is no order number finds none", () => {
  for (const text of ["", "-", "2613", "260230", "26112-", "261129-U", "261129-0123456789", "홍길동", "261129--1", "26112A"])
    assert.equal(parseNumberPrefix(text, SEOUL), undefined, text);
  for (const text of ["261129", "261129-", "261129-0000000"]) assert.equal(parseOrderNumber(text, SEOUL), undefined, text);
});
