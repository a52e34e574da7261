import assert from "node:assert/strict";
import { test } from "node:test";
import Type from "typebox";
import { inputOf } from "./input.ts";

const ID = "0197a1c0-0000-7000-8000-000000000002";

test("a request about people keeps ids, numbers, instants and the shop's own words", () => {
  const schema = Type.Object({
    userId: Type.String({ format: "uuid" }),
    amount: Type.Integer(),
    at: Type.String({ format: "date-time" }),
    method: Type.Enum(["CARD", "BALANCE"]),
    restock: Type.Boolean(),
    name: Type.Union([Type.String(), Type.Null()]),
  });
  const value = { userId: ID, amount: 5, at: "2026-11-20T03:00:00Z", method: "CARD", restock: true, name: "김민수" };
  assert.deepEqual(inputOf("orders", value, [schema]), { ...value, name: "[withheld]" });
  assert.deepEqual(inputOf("orders", { name: null }, [schema]), { name: null });
});

test("text that no schema knows is withheld, also under the name of a word", () => {
  const schema = Type.Object({ status: Type.Enum(["OPEN"]), metadata: Type.Record(Type.String(), Type.String()) });
  assert.deepEqual(inputOf("customers", { status: "OPEN", metadata: { status: "OPEN" }, other: "x" }, [schema]), {
    status: "OPEN",
    metadata: { status: "[withheld]" },
    other: "[withheld]",
  });
});

test("text is withheld if one alternative of its schema is free text", () => {
  const schema = {
    anyOf: [
      { type: "object", properties: { who: { enum: ["A"] } } },
      { type: "object", properties: { who: { type: "string" } } },
    ],
  };
  assert.deepEqual(inputOf("refunds", { who: "A" }, [schema]), { who: "[withheld]" });
});

test("a request about goods keeps its text, but no reasons and notes", () => {
  assert.deepEqual(inputOf("stock", { name: "사과", reason: "김민수 님 반품", note: "x" }, []), {
    name: "사과",
    reason: "[withheld]",
    note: "[withheld]",
  });
});

test("long lists and long texts are shown in part, and as the database can store them", () => {
  const input = inputOf("catalog", { products: Array.from({ length: 2000 }, () => ({ name: "가" })), text: `\uD800\0${"나".repeat(600)}` }, []);
  const { count, first } = input["products"] as { count: number; first: unknown[] };
  assert.equal(count, 2000);
  assert.ok(first.length < 1000);
  assert.match(String(input["text"]), /^\uFFFD나{499}…$/);
});
