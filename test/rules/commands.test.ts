// The commands that a worker may name.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commandsByName } from "../../src/app/commands.ts";
import { VariantCache } from "../../src/catalog/variant-cache.ts";
import type { Database } from "../../src/database/pool.ts";
import { ProductDrops } from "../../src/drop/product-drops.ts";
import { NO_DROPS } from "../support/no-drops.ts";
import { OrderCache } from "../../src/order/order-cache.ts";

const ROOT = join(import.meta.dirname, "../..");
const database = { rows: () => Promise.resolve([]) } as unknown as Database;

// A command that is missing is answered 500 as soon as the shop has two workers.
test("a till knows every command of the source by its name", () => {
  const known = commandsByName({
    database,
    now: Date.now,
    variantCache: new VariantCache(database),
    orderCache: new OrderCache(database, NO_DROPS),
    productDrops: new ProductDrops(database),
    cardsAreTaken: true,
  });
  const declared = globSync("src/**/*.ts", { cwd: ROOT, exclude: (path) => path.endsWith(".test.ts") }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(/\bcommand(?:<[^(]*>)?\(\{\s*name: "([^"]+)"/g)].map(([, name]) => name as string),
  );
  assert.ok(declared.length > 25, `${declared.length} commands`);
  assert.deepEqual(
    declared.filter((name) => !known.has(name)),
    [],
  );
});
