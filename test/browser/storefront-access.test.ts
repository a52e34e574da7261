// The storefront's pages for people with large text, forced colors, reduced motion, a keyboard alone, or a screen reader, in a window as a
// phone has it.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, type InPage, PHONE, useBrowser, visit, type VisitOptions } from "./browser.ts";
import { assertNothingCovered } from "./seen.ts";

useBrowser();
let shop: TestShop;
let user: Client;
let paths: string[];
let productPath: string;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
  user = await shop.user({ balance: 1_000_000, name: "남궁민수" });
  const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const product = await shop.product({
    name: "물레로 빚은 달항아리 한정판",
    variants: ["작은 것", "큰 것"].map((size, i) => ({ options: { 크기: size }, price: 1_480_000 * (i + 1), stock: 5 - 5 * i })),
  });
  const plain = await shop.product({ name: "제주 감귤 5kg", price: 24_900, stock: 9 });
  const dropped = await shop.product({ name: "청사초롱", price: 38_000, stock: 9 });
  const drop = async (terms: object): Promise<string> =>
    good(await shop.operator.post("/admin/drops", { name: "청사초롱 드롭", productId: dropped.id, holdFor: "PT30M", ...terms }), 201).id;
  const opening = await drop({ mode: "FIRST_COME", opensAt: inHours(0), waitlist: true });
  good(await user.post(`/drops/${opening}/entries`, {}), 201);
  const drawn = await shop.product({ name: "나전 보석함", price: 138_000, stock: 2 });
  const draw = await drop({ productId: drawn.id, mode: "DRAW", opensAt: inHours(0), closesAt: inHours(1) });
  const later = await shop.product({ name: "분청 다관", price: 46_000, stock: 9 });
  const upcoming = await drop({ productId: later.id, mode: "DIRECT", opensAt: inHours(30), holdFor: undefined });
  await shop.coupon(user, { name: "첫 장날 30% 할인" });
  await shop.campaign({ name: "곧 여는 쿠폰", opensAt: inHours(5) });
  good(await user.post(`/users/${user.id}/cart/items`, { productId: plain.id, quantity: 1 }), 201);
  const order = { orderItems: [{ productId: plain.id, quantity: 1 }] };
  const paid = good(await user.post("/orders", order), 201);
  const unpaid = good(await user.post("/orders", { ...order, payment: { method: "DEFERRED" } }), 201);
  productPath = `/store/products/${plain.id}`;
  paths = ["/", `/store/products/${product.id}`, productPath, `/store/drops/${opening}`, `/store/drops/${draw}`, `/store/drops/${upcoming}`].concat(
    ["/store/coupons", "/store/cart", "/store/checkout", "/store/orders", `/store/orders/${paid.orderId}?result=placed`],
    [`/store/orders/${unpaid.orderId}`, "/store/balance", "/store/sign-in", "/store/nothing"],
  );
});
after(() => shop.close());

/** Opens every page in its usual state. */
async function eachPage(options: VisitOptions, inspect: (page: Page, path: string) => Promise<void>, prepare?: (page: Page) => Promise<void>) {
  const { page, close } = await visit(shop.url, { as: user, name: "남궁민수", ...options });
  const failures: unknown[] = [];
  for (const path of paths) {
    await page.goto(shop.url + path);
    await page.locator("h1").waitFor();
    await page.locator(".bone").first().waitFor({ state: "detached" });
    await prepare?.(page);
    await inspect(page, path).catch((error: unknown) => failures.push(error));
  }
  await close();
  if (failures.length > 0) throw new AggregateError(failures);
}

/** As the browser's setting does it: all lengths in rem and em grow. */
const enlargeText = async (page: Page): Promise<void> => {
  await page.evaluate(`document.documentElement.style.fontSize = "200%"`);
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
};

/** Asserts that the page is no wider than the window, and that no text is cut off at its element's edge. */
async function assertFits(page: Page, path: string): Promise<void> {
  const found = await page.evaluate(() => {
    const { document, innerWidth, getComputedStyle } = globalThis as InPage;
    const cut = [...document.querySelectorAll("main *, header *, nav *, footer *")].flatMap((element) => {
      const { overflowX, textOverflow } = getComputedStyle(element);
      const isMeant = textOverflow === "ellipsis" || element.closest(".visually-hidden, .art, .popular, .gallery");
      return !isMeant && ["hidden", "clip"].includes(overflowX) && element.scrollWidth > element.clientWidth + 1 ? [element.className] : [];
    });
    const isWider = (element: InPage): boolean =>
      element.getBoundingClientRect().right > innerWidth + 1 && element.closest(".popular, .gallery") === null;
    const wide = [...document.querySelectorAll("#app *")].filter(isWider).map((element) => String(element.outerHTML).slice(0, 80));
    const by = document.documentElement.scrollWidth - innerWidth;
    return { by, wide: by > 0 ? wide.slice(0, 3) : [], cut: cut.slice(0, 3) };
  });
  assert.deepEqual(found, { by: 0, wide: [], cut: [] }, path);
}

// Fails if a bar or a menu does not give way to larger text.
browserTest("with text of 200 % no page of the storefront is wider than a phone, cut off, or covers its own controls", () =>
  eachPage(
    { size: PHONE },
    async (page, path) => {
      await assertFits(page, path);
      await assertNothingCovered(page);
    },
    enlargeText,
  ),
);

browserTest("at 320 px no page of the storefront is wider than the window, cut off, or covers its own controls", () =>
  eachPage({ size: { width: 320, height: 568 } }, async (page, path) => {
    await assertFits(page, path);
    await assertNothingCovered(page);
  }),
);

// Fails without borders of its own in forced colors, which remove backgrounds.
browserTest("in forced colors the current page, the chosen option, the button, the steps and the meter are visible", async () => {
  const context = { forcedColors: "active" } as const;
  await eachPage({ size: PHONE, context }, async (page, path) => {
    const unseen = await page.evaluate(() => {
      const { document, getComputedStyle } = globalThis as InPage;
      const visible = (element: InPage): boolean => {
        const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor, outlineStyle } = getComputedStyle(element);
        const paper = getComputedStyle(document.body.parentElement).backgroundColor;
        const border = borderTopStyle !== "none" && borderTopWidth !== "0px" && borderTopColor !== paper && borderTopColor !== "rgba(0, 0, 0, 0)";
        return border || outlineStyle !== "none" || (backgroundColor !== "rgba(0, 0, 0, 0)" && backgroundColor !== paper);
      };
      const shown = "nav a[aria-current], .choice-row input:checked + span, .button, .steps li.reached, .bar > span, .badge, .stamp, .drop-panel";
      return [...document.querySelectorAll(shown)]
        .filter((element) => element.getBoundingClientRect().width > 0 && !visible(element))
        .map((element) => String(element.outerHTML).slice(0, 100));
    });
    assert.deepEqual(unseen, [], path);
  });
});

browserTest("a visitor who wants less motion sees none", async () => {
  const moving = async (reducedMotion: "reduce" | "no-preference"): Promise<number> => {
    const product = await shop.product({ name: "움직임", price: 1000, stock: 9 });
    const { page, close } = await visit(`${shop.url}/store/products/${product.id}`, { as: user, size: PHONE, context: { reducedMotion } });
    const add = page.getByRole("button", { name: "장바구니 담기" });
    await add.waitFor();
    await page.evaluate(() => {
      const global = globalThis as InPage;
      global.moved = 0;
      for (const type of ["animationstart", "transitionrun"])
        global.addEventListener(type, ({ target }: InPage) => {
          for (const animation of target.getAnimations()) if (animation.effect.getComputedTiming().duration > 1) global.moved += 1;
        });
    });
    await add.click();
    await page.locator(".toast").waitFor();
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    const moved = await page.evaluate<number>("globalThis.moved");
    await close();
    return moved;
  };
  assert.ok((await moving("no-preference")) > 0);
  assert.equal(await moving("reduce"), 0);
});

/** The control with the focus: its name, whether it is in the window and uncovered, and whether its focus is visible. */
const focusOf = (page: Page): Promise<{ name: string; isBody: boolean; isVisible: boolean; hasFocus: boolean }> =>
  page.evaluate(() => {
    const { document, getComputedStyle, innerHeight } = globalThis as InPage;
    const element = document.activeElement;
    const { top, left, right, bottom } = element.getBoundingClientRect();
    const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const target = element.matches("input[type=radio], input[type=checkbox]") ? (element.closest("label") ?? element) : element;
    return {
      name: String(element.getAttribute("aria-label") ?? (element.closest("label") ?? element).innerText).trim(),
      isBody: element === document.body,
      isVisible: top >= -1 && bottom <= innerHeight + 1 && (at === null || target.contains(at) || at.contains(element)),
      hasFocus: getComputedStyle(element).outlineStyle !== "none" || element.matches(":focus-visible"),
    };
  });

/** Presses Tab until the focused control has this name. Each control on the way is in the window, uncovered, and has a visible focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    let focused = await focusOf(page);
    // A sheet that slides in, or a page that scrolls, brings the control into view a moment later.
    for (const deadline = Date.now() + 60_000; !focused.isBody && !focused.isVisible && Date.now() < deadline;) focused = await focusOf(page);
    if (focused.isBody) continue;
    assert.deepEqual(
      { name: focused.name, isVisible: focused.isVisible, hasFocus: focused.hasFocus },
      { name: focused.name, isVisible: true, hasFocus: true },
    );
    if (name.test(focused.name)) return;
    passed.push(focused.name);
  }
  throw new Error(`the Tab key does not reach ${name} but ${passed.join(", ")}`);
}

// Fails if a control is no button or link, or if a dialog or a bar keeps the focus out of view.
browserTest("a buyer with a keyboard alone finds a product, chooses it, pays, and reads the order", async () => {
  const buyer = await shop.user({ balance: 100_000, name: "자판" });
  const product = await shop.product({
    name: "자판 벼루",
    variants: ["작은 것", "큰 것"].map((size) => ({ options: { 크기: size }, price: 9000, stock: 5 })),
  });
  for (const size of [PHONE, DESKTOP]) {
    const { page, close } = await visit(shop.url, { as: buyer, name: "자판", size });
    await page.locator(".card").first().waitFor();
    await tabTo(page, /자판 벼루/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "자판 벼루" }).waitFor();
    if (size === PHONE) {
      await tabTo(page, /^구매하기$/);
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
    }
    await tabTo(page, /^작은 것/);
    await page.keyboard.press("Space");
    await tabTo(page, /^바로 구매$/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "9,000원 결제하기" }).waitFor();
    await tabTo(page, /^9,000원 결제하기$/);
    await page.keyboard.press("Enter");
    await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
    await tabTo(page, /^배송지 입력하기$/);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByLabel("받는 분").waitFor();
    await page.keyboard.press("Escape");
    await eventually(page, `document.activeElement.innerText === "배송지 입력하기"`);
    await tabTo(page, /^본문으로 건너뛰기$/);
    await page.keyboard.press("Enter");
    await eventually(page, `document.activeElement.tagName === "H1"`);
    await close();
  }
  assert.equal(await shop.balanceOf(buyer), 82_000);
  assert.equal(await shop.stockOf(product), 8);
});

// Fails if a page loses its landmarks, its only main heading, or the region that announces changes.
browserTest("a screen reader finds on each page one main heading, the landmarks, and the regions that announce changes", () =>
  eachPage({ size: PHONE }, async (page, path) => {
    const tree = await page.locator("body").ariaSnapshot();
    const count = (pattern: RegExp): number => tree.match(pattern)?.length ?? 0;
    const landmarks = {
      banner: count(/^- banner/gm),
      main: count(/^- main/gm),
      footer: count(/^- contentinfo/gm),
      h1: count(/heading .*\[level=1\]/g),
    };
    assert.deepEqual(landmarks, { banner: 1, main: 1, footer: 1, h1: 1 }, `${path}\n${tree}`);
    assert.ok((await page.getByRole("status").count()) > 0, path);
    assert.doesNotMatch(tree, /^\s*- (?:button|link|textbox|combobox|radio|checkbox|img)(?: \[[^\]]*\])*:?$/m, path);
    await assertAccessible(page);
  }),
);

browserTest("the state of a drop and its clock are named for a screen reader", async () => {
  const { page, close } = await visit(shop.url + (paths.find((path) => path.includes("/drops/")) as string), { as: user, size: PHONE });
  await page.getByRole("timer").waitFor();
  const tree = await page.locator("main").ariaSnapshot();
  assert.match(tree, /status: 확보해 두었습니다/);
  assert.match(tree, /timer "결제 마감까지 [0-3]\d:\d\d"/);
  await page.goto(shop.url + productPath);
  await page.getByRole("status", { name: "실시간 재고" }).waitFor();
  await close();
});
