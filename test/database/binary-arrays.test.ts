import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { jsonbArray, uuidArray } from "../../src/database/binary-arrays.ts";
import { Database } from "../../src/database/pool.ts";
import { freshDatabase } from "../support/database.ts";

let database: Database;
let drop: () => Promise<void>;

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 1, onError: () => {} });
});
after(async () => {
  await database.close();
  await drop();
});

/** The values of an array parameter, in order, as PostgreSQL reads it. */
async function read(type: string, array: Buffer): Promise<unknown[]> {
  const text = `SELECT value FROM unnest($1::${type}[]) WITH ORDINALITY v(value, place) ORDER BY place`;
  return (await database.rows<{ value: unknown }>({ name: `read ${type}[]`, text, values: [array] })).map(({ value }) => value);
}

// Goes red if a digit, a hyphen or a null is written at another place.
test("PostgreSQL reads the ids of a binary array as they were, in either case, and nulls", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(fc.tuple(fc.uuid(), fc.boolean()))), async (picked) => {
      const ids = picked.map((one) => one && (one[1] ? one[0].toUpperCase() : one[0]));
      assert.deepEqual(
        await read(
          "uuid",
          uuidArray(ids, (id) => id),
        ),
        ids.map((id) => id?.toLowerCase() ?? null),
      );
    }),
    { numRuns: 50 },
  );
});

// Goes red without the check at the end of `writeUuid`: such a text would become another id.
test("a text that is no UUID is not sent as one", () => {
  const id = "01900000-0001-7abc-8def-0123456789ab";
  const others = [
    "",
    id.slice(1),
    `${id}0`,
    id.replaceAll("-", ""),
    id.replace("a", "g"),
    id.replace("-", "0"),
    id.replace("1", "ı"),
    id.replace("1", "\u01b1"),
    id.replace("1", "@"),
  ];
  for (const other of others) assert.throws(() => uuidArray([id, other], (one) => one), /is not a UUID/, other);
});

// Goes red if the length of a value counts characters instead of bytes.
test("PostgreSQL reads the values of a binary array of JSON as they were", async () => {
  const text = fc.string({ unit: fc.constantFrom('"', "\\", "\n", "{", "é", "가", "😀", "a") });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.record({ name: text, quantity: fc.integer() }, { noNullPrototype: true }))), async (values) => {
      assert.deepEqual(
        await read(
          "jsonb",
          jsonbArray(values, (value) => value),
        ),
        values,
      );
    }),
    { numRuns: 50 },
  );
});
