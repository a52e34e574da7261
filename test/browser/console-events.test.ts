// Events for the data platform in the console.

import assert from "node:assert/strict";
import { good, openTestShop } from "../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../support/webhook-receiver.ts";
import { assertAccessible, browserTest, DESKTOP, useBrowser, visit } from "./browser.ts";

useBrowser();

// Fails without `replayEvent` in the page, without the reason in the list, or if the list does not poll while an event waits.
browserTest("a dead event shows its reason, is sent again, and is shown as delivered", async () => {
  const platform = new WebhookReceiver();
  await platform.listen();
  const sending = await openTestShop({ env: { DATA_PLATFORM_URL: platform.url, DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET } });
  try {
    const shopper = await sending.user({ balance: 5000 });
    const { id } = await sending.product({ price: 1000 });
    const place = async (): Promise<string> => good(await shopper.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 201).orderId;
    const [refusedId, alsoRefused] = [await place(), await place()];
    platform.answer = ({ subject }) => ({ status: subject === refusedId || subject === alsoRefused ? 422 : 204 });
    good(await shopper.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 201);
    // Eight real refusals; the update only shortens the pauses between them.
    const dead = async (): Promise<number> => good(await sending.operator.get("/admin/events?status=DEAD"), 200).events.length;
    for (const deadline = Date.now() + 60_000; (await dead()) < 2;) {
      assert.ok(Date.now() < deadline, "the events did not become dead");
      await sending.shop.database.pool.query("UPDATE letters SET next_attempt_at = now() WHERE status = 'WAITING'");
    }

    const { page, close } = await visit(`${sending.url}/console#/events`, { operator: sending.operator, language: "en", size: DESKTOP });
    const rows = page.locator(".list tbody tr");
    await rows.nth(2).waitFor();
    await page.getByRole("combobox", { name: "Status" }).selectOption("DEAD");
    await rows.nth(2).waitFor({ state: "detached" });
    const row = rows.filter({ has: page.locator(`[title="${refusedId}"]`) });
    assert.match(await row.innerText(), /Paid\s+Dead\s+/);
    assert.match(await row.locator(".why").innerText(), /422/);
    assert.equal(await row.locator('td[data-head="Attempts"]').innerText(), "8");
    await assertAccessible(page);
    const dialog = page.getByRole("dialog");
    // All dead events of the data platform at once.
    await page.getByRole("button", { name: /^Send all dead events again/ }).click();
    await dialog.getByRole("button", { name: "Send 2 again" }).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.locator("nav").getByText("2 waiting").waitFor();
    await row.getByRole("button", { name: "Send again" }).click();
    await dialog.getByText("Later events of the same order follow").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await dead(), 2, "a cancelled dialog sends nothing");

    // The receiver answers after the page has shown the event as waiting.
    const answered = Promise.withResolvers<{ status: number }>();
    platform.answer = () => answered.promise;
    await row.getByRole("button", { name: "Send again" }).click();
    await dialog.getByRole("button", { name: "Send again" }).click();
    await page.getByText("The event is being sent again.").waitFor();
    await row.waitFor({ state: "detached" });
    await page.getByRole("combobox", { name: "Status" }).selectOption("");
    const sent = rows.filter({ has: page.locator(`[title="${refusedId}"]`) });
    await sent.locator(".pill.waiting").waitFor();
    answered.resolve({ status: 204 });
    await sent.locator(".pill.delivered").waitFor();
    assert.equal(await sent.locator(".why").count(), 0, "a delivered event shows no reason");
    assert.equal(platform.received.filter(({ subject }) => subject === refusedId).length, 1);

    // The rest in bulk.
    await page.getByRole("button", { name: /^Send all dead events again/ }).click();
    await dialog.getByRole("button", { name: "Send 1 again" }).click();
    await rows
      .filter({ has: page.locator(`[title="${alsoRefused}"]`) })
      .locator(".pill.delivered")
      .waitFor();
    assert.equal(await dead(), 0);
    assert.equal(await page.locator("nav").getByText("waiting").count(), 0);
    await close();
  } finally {
    await sending.close();
    await platform.close();
  }
});
