// The page of a product on a phone: nothing is chosen beforehand, nothing is covered, and each message is in view.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit } from "./browser.ts";
import { assertNothingCovered, assertSeen } from "./seen.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const shirt = () =>
  shop.product({
    name: "무명 저고리",
    variants: [
      { options: { color: "white", size: "M" }, price: 10_000, stock: 0 },
      { options: { color: "white", size: "L" }, price: 12_000, stock: 5 },
      { options: { color: "blue", size: "M" }, price: 10_000, stock: 8 },
      { options: { color: "blue", size: "L" }, price: 12_000, stock: 3 },
      { options: { color: "red", size: "L" }, price: 12_000, stock: 0 },
    ],
  });

// Fails if a variant is chosen beforehand (useSelection), or if a bar covers the price or a button (bars.css, product.css).
browserTest("a phone shows price and button uncovered, and the buyer chooses each option in a sheet before anything is bought", async () => {
  const user = await shop.user({ balance: 100_000 });
  const product = await shirt();
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: user });
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  for (const seen of [page.getByRole("heading", { level: 1 }), page.locator(".detail-price"), button("구매하기")]) await assertSeen(seen);
  assert.equal(await page.getByRole("radio", { checked: true }).count(), 0);
  await assertNothingCovered(page);
  await button("구매하기").click();
  const sheet = page.getByRole("dialog", { name: "무명 저고리" });
  assert.equal(await sheet.getByRole("radio", { checked: true }).count(), 0);
  await button("장바구니 담기").click();
  await assertSeen(sheet.getByText("선택해 주세요"));
  await sheet.getByRole("radio", { name: "blue" }).check();
  await button("바로 구매").click();
  await assertSeen(sheet.getByText("선택해 주세요"));
  await sheet.getByRole("radio", { name: /^L/ }).check();
  await assertSeen(sheet.getByText("총 금액 12,000원"));
  await assertNothingCovered(page);
  await assertAccessible(page);
  await button("장바구니 담기").click();
  await sheet.waitFor({ state: "hidden" });
  await assertSeen(page.getByRole("status").getByText("장바구니에 담았습니다."));
  await button("구매하기").click();
  await button("장바구니 담기").click();
  await assertSeen(sheet.getByText("이미 장바구니에 있는 상품입니다."));
  const { cartItems } = good(await user.get(`/users/${user.id}/cart`), 200);
  assert.deepEqual(
    cartItems.map(({ variantId, quantity }: { variantId: string; quantity: number }) => [variantId, quantity]),
    [[product.variants[3]?.id, 1]],
  );
  await close();
});

// Fails if `isGone` looks at the chosen variant only (selection.ts).
browserTest("an option is crossed out only if all of it is sold out, and a surcharge is shown beside its option", async () => {
  const product = await shirt();
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, {});
  await page.getByRole("button", { name: "구매하기", exact: true }).click();
  const gone = () => page.locator(".choice-row .gone bdi").allInnerTexts();
  assert.deepEqual(await gone(), ["red"]);
  assert.match(await page.locator(".choice-row label", { hasText: /^L/ }).innerText(), /\+2,000원/);
  await page.getByRole("radio", { name: "white" }).check();
  assert.deepEqual(await gone(), ["red"], "white M is sold out, and M is not");
  await page.locator(".choice-row label", { hasText: /^M/ }).getByText("품절").waitFor();
  await page.getByRole("radio", { name: "M" }).check();
  await page.getByRole("button", { name: "품절", exact: true }).and(page.locator(":disabled")).waitFor();
  await close();
});

browserTest("a product with one variant is put into the cart without a sheet, and the message is in view", async () => {
  const user = await shop.user();
  const product = await shop.product({ name: "부채", price: 3000, stock: 9 });
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: user });
  for (const seen of ["하나 더하기", "장바구니 담기", "바로 구매"]) await assertSeen(page.getByRole("button", { name: seen }));
  await page.getByRole("button", { name: "장바구니 담기" }).click();
  await assertSeen(page.getByText("장바구니에 담았습니다."));
  await page.getByRole("button", { name: "장바구니 담기" }).click();
  await assertSeen(page.getByText("이미 장바구니에 있는 상품입니다."));
  await assertAccessible(page);
  await close();
});

// Fails without Gallery, or if a blocked image leaves a hole (`onError` in art.tsx).
browserTest("a product's images are a gallery, and an image that cannot be loaded gives way to a generated picture", async () => {
  const body = { name: "사진첩", price: 3000, stock: 9, images: [{ url: "/pictures/one.png", alt: "앞모습" }, { url: "/pictures/two.png" }] };
  const product = good(await shop.operator.post("/admin/products", body), 201);
  const { page, close } = await visit("about:blank", { origin: shop.url });
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=", "base64");
  await page.route("**/pictures/one.png", (route) => route.fulfill({ contentType: "image/png", body: pixel }));
  await page.goto(`${shop.url}/store/products/${product.id}`);
  const gallery = page.getByRole("list", { name: "상품 사진 2장" });
  await assertSeen(gallery.getByRole("img", { name: "앞모습" }));
  await gallery.focus();
  await gallery.locator(".art:not(.photo)").waitFor({ state: "attached" });
  await assertAccessible(page);
  await close();
});
