// The console's forms of products: pictures with a preview, tags, keys of other systems, metadata, and variants that are added later.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, type Json, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, PHONE, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

/** A picture that every shop serves. */
const ICON = `/assets/${readdirSync(join(import.meta.dirname, "../../web/dist/assets")).find((name) => /^icon-.*\.svg$/.test(name))}`;

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const asOperator = async (id: string | undefined): Promise<Json> => good(await shop.operator.get(`/products/${id}`), 200);
const idIn = (page: Page): string | undefined => /products\/([\w-]{36})/.exec(page.url())?.[1];
const loaded = (page: Page, at: string): Promise<void> => eventually(page, `document.querySelector(${JSON.stringify(at)})?.naturalWidth > 0`);

browserTest("an operator makes a product with pictures, tags, keys and metadata, sees the pictures, and changes all of them", async () => {
  const { page, close } = await atConsole("/products/new", { size: PHONE });
  await field(page, "Name").fill("Moon jar");
  await field(page, "Price").fill("320000");
  await field(page, "Stock").fill("7");
  await page.getByLabel("SKU").fill("MOON-1");
  await page.getByText("Pictures, tags, external ID, metadata").click();
  await page.getByRole("button", { name: "Add a picture" }).click();
  await page.getByLabel("Address of picture 1").fill(ICON);
  await page.getByLabel("Description of picture 1").fill("A white jar");
  await page.getByRole("button", { name: "Add a picture" }).click();
  await page.getByLabel("Address of picture 2").fill("/no-such-picture.webp");
  await page.getByLabel("Tags").fill("ceramics\nwhite, grey\n\nceramics");
  await page.getByLabel("External ID").fill("ERP-77");
  await page.getByLabel("Tax-free part of the price").fill("1000");
  await page.getByRole("button", { name: "Add metadata" }).click();
  await page.getByLabel("Name of metadata 1").fill("kiln");
  await page.getByLabel("Value of metadata 1").fill("north");
  await loaded(page, ".preview img");
  await page.getByText("This picture cannot be loaded.").waitFor();
  await assertAccessible(page);
  await page.getByRole("button", { name: "Move picture 2 forward" }).click();
  await page.getByRole("button", { name: "Remove picture 1" }).click();
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Moon jar" }).waitFor();
  const id = idIn(page);
  const made = await asOperator(id);
  assert.deepEqual(
    [made.images, made.tags, made.externalId, made.taxFreeAmount, made.metadata, made.variants[0].sku, made.stock],
    [[{ url: ICON, alt: "A white jar" }], ["ceramics", "white, grey"], "ERP-77", 1000, { kiln: "north" }, "MOON-1", 7],
  );

  const card = page.locator(".card", { has: page.getByLabel("Tags") });
  await card.getByLabel("Tags").fill("white, grey");
  await card.getByRole("button", { name: "Add metadata" }).click();
  await card.getByLabel("Name of metadata 2").fill("kiln");
  await card.getByRole("button", { name: "Save" }).click();
  assert.equal(
    await card.getByLabel("Name of metadata 2").evaluate((input) => (input as never as { validationMessage: string }).validationMessage),
    "This name is there already.",
  );
  await card.getByLabel("Name of metadata 2").fill("artist");
  await card.getByLabel("Value of metadata 2").fill("Kim");
  await card.getByRole("button", { name: "Remove metadata 1" }).click();
  await card.getByRole("button", { name: "Remove picture 1" }).click();
  await card.getByLabel("External ID").fill("");
  await card.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const changed = await asOperator(id);
  assert.deepEqual(
    [changed.images, changed.tags, changed.externalId, changed.metadata, changed.taxFreeAmount],
    [[], ["white, grey"], null, { artist: "Kim" }, 1000],
  );
  await close();
});

// Fails if `metadataPatch` names only the operator's own keys: a key that another operator added would stay although this list was chosen.
browserTest("two operators who change the metadata and the tags of a product: the second sees both lists and chooses", async () => {
  const product = await shop.product({ name: "Contested", metadata: { a: "1" }, tags: ["old"] });
  const { page, close } = await atConsole(`/products/${product.id}`);
  await page.getByText("Pictures, tags, external ID, metadata").click();
  const card = page.locator(".card", { has: page.getByLabel("Tags") });
  await card.getByLabel("Value of metadata 1").fill("2");
  await card.getByLabel("Tags").fill("mine");
  good(await shop.operator.patch(`/admin/products/${product.id}`, { metadata: { b: "theirs" }, tags: ["theirs"] }), 200);
  await card.getByRole("button", { name: "Save" }).click();
  await card.getByRole("alert").getByText("Another user changed this first").waitFor();
  assert.ok(await card.getByRole("radio", { name: "Yours: a: 2" }).isChecked());
  await card.getByRole("radio", { name: "In the shop: theirs" }).check();
  assert.equal(await card.getByLabel("Tags").first().inputValue(), "theirs");
  await card.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const { metadata, tags } = await asOperator(product.id);
  assert.deepEqual([metadata, tags], [{ a: "2" }, ["theirs"]]);
  await close();
});

browserTest("the shop's error about a SKU in use is at the field, in the operator's language, and the field has the focus", async () => {
  await shop.product({ variants: [{ sku: "TAKEN", price: 1, stock: 1 }] });
  const { page, close } = await atConsole("/products/new", { language: "ko" });
  await field(page, "이름").fill("셔츠");
  await field(page, "가격").fill("1000");
  await page.locator(".form > .check input").first().check();
  await page.locator(".option-row input").nth(1).fill("먹, 백");
  await page.locator(".option-row input").nth(3).fill("S");
  await page.locator("input.few").nth(0).fill("3");
  await page.locator("input.few").nth(1).fill("4");
  await page.getByText("옵션별 SKU와 가격").click();
  await field(page, "SKU: 백 / S").fill("TAKEN");
  await page.getByText("백 / S: 사진과 메타데이터").click();
  await page.getByLabel("옵션 사진").last().fill(ICON);
  await page.getByRole("button", { name: "만들기", exact: true }).click();
  const wrong = page.locator(".field", { has: page.locator('[aria-invalid="true"]') });
  await wrong.getByText("다른 옵션이 이미 쓰는 SKU입니다").waitFor();
  assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-label')"), "SKU: 백 / S");
  await assertAccessible(page);
  await field(page, "SKU: 백 / S").fill("FREE");
  await page.getByRole("button", { name: "만들기", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "셔츠" }).waitFor();
  const { variants } = await asOperator(idIn(page));
  assert.deepEqual(
    variants.map(({ sku, imageUrl }: Json) => [sku, imageUrl]),
    [
      [null, null],
      ["FREE", ICON],
    ],
  );
  await close();
});

browserTest("an operator adds a variant, and gives a variant a picture, metadata and a status of its own", async () => {
  const product = await shop.product({ name: "Shirt", variants: ["S", "M"].map((size) => ({ options: { Size: size }, price: 1000, stock: 5 })) });
  const { page, close } = await atConsole(`/products/${product.id}`, { size: PHONE });
  await page.getByRole("button", { name: "Add a variant" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Size").fill("M");
  assert.equal(await dialog.getByLabel("Price").inputValue(), "1000");
  await dialog.getByLabel("Stock").fill("4");
  await dialog.getByLabel("SKU").fill("SHIRT-L");
  await dialog.getByRole("button", { name: "Add a variant" }).click();
  await dialog.locator(".field-error", { hasText: "another variant of the product has equal options" }).waitFor();
  await dialog.getByLabel("Size").fill("L");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Add a variant" }).click();
  await page.getByText("The variant was added.").waitFor();

  await page.getByRole("button", { name: "Edit: L" }).click();
  await dialog.getByLabel("Picture of the variant").fill(ICON);
  await dialog.getByRole("button", { name: "Add metadata" }).click();
  await dialog.getByLabel("Name of metadata 1").fill("shelf");
  await dialog.getByLabel("Value of metadata 1").fill("7");
  await dialog.getByLabel("Sale").selectOption({ label: "Not for sale" });
  await loaded(page, "dialog[open] .preview img");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const { variants } = await asOperator(product.id);
  const { name, sku, imageUrl, metadata, status, stock } = variants[2];
  assert.deepEqual([name, sku, imageUrl, metadata, status, stock], ["L", "SHIRT-L", ICON, { shelf: "7" }, "NOT_FOR_SALE", 4]);
  await close();
});
