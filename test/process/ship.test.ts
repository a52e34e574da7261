// `npx jangnal ship FILE`. Turns red without: the idempotency key in `shipBatch`.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ship } from "../../src/cli/ship.ts";
import { good, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
const folder = mkdtempSync(join(tmpdir(), "ship-test-"));
before(async () => (shop = await openTestShop()));
after(async () => {
  await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ordered(): Promise<{ orderId: string; orderNumber: string }> {
  const user = await shop.user({ balance: 1000 });
  return good(await user.post("/orders", { orderItems: [{ productId: (await shop.product()).id, quantity: 1 }] }), 201);
}

/** Runs the command with a file of these rows. Returns its exit code and its output. */
async function run(t: { mock: { method: typeof import("node:test").mock.method } }, rows: string[]): Promise<{ code: number; lines: string[] }> {
  const file = join(folder, "parcels.csv");
  writeFileSync(file, `주문번호,택배사,운송장번호\n${rows.join("\n")}\n`);
  const lines: string[] = [];
  t.mock.method(console, "log", (line: string) => lines.push(line));
  t.mock.method(console, "error", (line: string) => lines.push(line));
  return { code: await ship.run({ url: shop.url, token: shop.operator.token }, [file]), lines };
}

test("a carrier's file ships its orders once, and the same file again ships nothing twice", async (t) => {
  const orders = [await ordered(), await ordered()];
  const rows = orders.map(({ orderNumber }, i) => `${orderNumber},CJ대한통운,60512233${i}`);
  for (let i = 0; i < 2; i++) assert.equal((await run(t, rows)).code, 0);
  for (const [i, { orderId }] of orders.entries()) {
    const { shipments } = good(await shop.operator.get(`/orders/${orderId}`), 200);
    assert.deepEqual(
      shipments.map(({ trackingNumber }: { trackingNumber: string }) => trackingNumber),
      [`60512233${i}`],
    );
  }
});

test("a file with a faulty row names its line and ships nothing", async (t) => {
  const { orderId, orderNumber } = await ordered();
  const { code, lines } = await run(t, [`${orderNumber},CJ대한통운,1`, "261332-00000000,CJ대한통운,2"]);
  assert.equal(code, 1);
  assert.match(lines[0] ?? "", /^line 3: there is no such order/);
  assert.equal(good(await shop.operator.get(`/orders/${orderId}`), 200).fulfilmentStatus, "NONE");
});
