import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./fuzz.ts";

// Fixed seeds; `npm run campaign -- fuzz` tries others. Fails, with shrunk requests, if a response is a 500, undocumented, reveals SQL or
// code, or never comes; and if an operation never succeeds.
for (const seed of [20_261_120, 20_261_121])
  test(`any request to any operation, by any caller, gets a documented response (seed ${seed})`, async () => {
    const { tally, operations, unserved } = await fuzz({ seed, runs: 300 });
    const answered = new Set([...tally.keys()].map((response) => response.split(" ")[0]));
    assert.deepEqual(
      operations.filter((operation) => !answered.has(operation)),
      [],
    );
    assert.deepEqual(unserved, []);
  });
