// Compares the metrics in docs/operating/metrics.md with the metrics of a running shop.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rowsOf } from "../support/markdown.ts";
import { good, openTestShop } from "../support/shop.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/operating/metrics.md"), "utf8");

test("the metrics table has the names and types of all metrics, and no others", async () => {
  // The metrics about Redis exist whether or not a server listens there.
  const shop = await openTestShop({ env: { REDIS_URL: "redis://127.0.0.1:1" } });
  try {
    const text: string = good(await shop.anyone("GET", "/metrics"), 200);
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const documented = rowsOf(PAGE, "Metric", "Type").map(([name = "", type]) => `${name.replaceAll("`", "")} ${type}`);
    assert.deepEqual(documented.sort(), shown.sort());
  } finally {
    await shop.close();
  }
});
