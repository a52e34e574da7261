/**
 * Takes the README's pictures: the live page during a rehearsal with 10,000 buyers, 7,000 jars and 3,000 coupons. `npm run picture`.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createShop } from "#client";
import { openShop } from "../../src/app/app.ts";
import { readConfig } from "../../src/config.ts";
import { Client, SECRET } from "../support/shop.ts";
import { closeBrowser, openBrowser, visit } from "./browser.ts";

const TARGET = join(import.meta.dirname, "../../docs/pictures");
const BUYERS = 10_000;
const ARRIVE_WITHIN_MS = 40_000;
/** After the opening: most of the curves is visible, and some stock is left. */
const TAKEN_AFTER_MS = 18_000;
const SIZE = { width: 1360, height: 940 };

await openBrowser();
try {
  mkdirSync(TARGET, { recursive: true });
  for (const language of ["ko", "en"] as const) await take(language);
} finally {
  await closeBrowser();
}

async function take(language: "ko" | "en"): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-picture-"));
  const settings = { DATA_DIR: dataDir, PORT: "0", DEMO: "off", AUTH_JWT_SECRET: SECRET, LOG_LEVEL: "error", SHOP_LOCALE: language };
  const open = await openShop(readConfig(settings));
  try {
    const ko = language === "ko";
    const operator = new Client(open.url, ko ? "장날지기" : "Operator", "operator");
    const shop = createShop({ url: open.url, token: () => operator.token });
    const { body: product } = await shop.createProducts({ body: { name: ko ? "달항아리" : "Moon jar", price: 480_000, stock: 7000 } });
    const { body: coupon } = await shop.createCoupon({
      body: { name: ko ? "선착순 3,000명 10%" : "First 3,000: 10 %", discount: { type: "PERCENTAGE", rate: 10 }, totalQuantity: 3000 },
    });
    const { body: rehearsal } = await shop.startRehearsal({
      body: { productId: "id" in product ? product.id : "", couponId: coupon.id, buyers: BUYERS, arriveWithinMs: ARRIVE_WITHIN_MS },
    });
    const themes = ["light", "dark"] as const;
    const visitors = await Promise.all(
      themes.map((theme) => visit(`${open.url}/console#/live`, { operator, language, theme, size: SIZE, context: { deviceScaleFactor: 1.5 } })),
    );
    const progress = async () => (await shop.getRehearsal({ path: { id: rehearsal.id } })).body;
    while ((await progress()).state === "PREPARING") await pause(100);
    const opensAt = Date.parse((await progress()).progress?.opensAt ?? "");
    await pause(opensAt + TAKEN_AFTER_MS - Date.now());
    for (const [i, theme] of themes.entries()) {
      const { page, close } = visitors[i] as (typeof visitors)[number];
      await page.screenshot({ path: join(TARGET, `live-${language}-${theme}.png`) });
      await close();
    }
    while ((await progress()).finishedAt === null) await pause(200);
    const { report } = await progress();
    console.log(language, JSON.stringify({ orders: report?.orders, claims: report?.claims, audit: report?.audit, tookMs: report?.tookMs }));
  } finally {
    await open.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
