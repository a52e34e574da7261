import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { requestKey } from "./request-key.ts";

/** The fingerprint as all versions have stored it: a hash of JSON whose objects were rebuilt with sorted members. */
function storedFingerprint(body: unknown): string {
  const rebuilt = (value: unknown): unknown => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(rebuilt);
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(members.map(([name, member]) => [name, rebuilt(member)]));
  };
  return hash("sha256", `POST /orders null ${JSON.stringify(rebuilt(body ?? null))}`, "base64url");
}

test("the fingerprint of a request is the one that earlier versions have stored", () => {
  const key = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("10", "9", "01", "4294967294", "4294967295", "-1", "name", "가", '"'));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: "binary" }),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value")),
      fc.dictionary(key, tie("value")),
    ),
  }));
  fc.assert(
    fc.property(value, (body) => {
      const made = requestKey("caller", "key", { method: "POST", route: "/orders", params: undefined, body });
      assert.equal(made?.fingerprint, storedFingerprint(body));
    }),
    { numRuns: 500 },
  );
});
