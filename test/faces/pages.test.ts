// Every page there is opens in a real browser, without an error, accessible.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, facesTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

facesTest("the console opens", async () => {
  const { page, close } = await visit(`${shop.url}/console`);
  assert.equal(await page.title(), "장날 콘솔 · Jangnal console");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await assertAccessible(page);
  await close();
});
