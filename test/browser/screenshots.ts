/**
 * Takes screenshots of every page into ./screenshots (ignored by git): phone and desktop, light and dark, Korean and English.
 * `phone` is the window as a person sees it first; in the other sizes the window is as tall as the page.
 * `npm run screenshots [-- PATTERN]` takes those whose name matches PATTERN, such as `phone-dark-ko` or `^console-.*narrow`.
 * `^(?!console)…` skips the console's rehearsal. The states of the shop last for three hours; all pictures take half an hour on two busy cores.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openShop } from "../../src/app/app.ts";
import { readConfig } from "../../src/config.ts";
import { SECRET } from "../support/shop.ts";
import { consolePages } from "./console-pages.ts";
import { closeBrowser, DESKTOP, openBrowser, PHONE, visit } from "./browser.ts";
import { type Screenshot, storefrontPages } from "./storefront-pages.ts";

const TARGET = join(import.meta.dirname, "../../screenshots");
const pattern = new RegExp(process.argv[2] ?? "");
const dataDir = mkdtempSync(join(tmpdir(), "jangnal-screenshots-"));
const open = await openShop(
  readConfig({ DATA_DIR: dataDir, PORT: "0", DEMO: "on", AUTH_JWT_SECRET: SECRET, LOG_LEVEL: "error", ORDER_EXPIRES_AFTER: "PT3H" }),
);
try {
  await openBrowser();
  mkdirSync(TARGET, { recursive: true });
  const pages: Screenshot[] = [
    ...(await storefrontPages(open.url)),
    ...(pattern.source.startsWith("^(?!console)") ? [] : await consolePages(open.url)),
  ];
  for (const [size, viewport] of Object.entries({ phone: PHONE, tall: PHONE, desktop: DESKTOP, narrow: { width: 320, height: 640 } })) {
    for (const theme of ["light", "dark"] as const) {
      for (const language of ["ko", "en"] as const) {
        if ((size === "narrow" || size === "tall") && (theme === "dark" || language === "en")) continue;
        for (const page of pages)
          await picture(`${page.name}-${size}-${theme}-${language}`, page, size !== "phone", { size: viewport, theme, language });
      }
    }
  }
} finally {
  await closeBrowser();
  await open.close();
  rmSync(dataDir, { recursive: true, force: true });
}

async function picture(
  name: string,
  { address, as, user, operator, polls, prepare }: Screenshot,
  wholePage: boolean,
  options: Parameters<typeof visit>[1],
): Promise<void> {
  if (!pattern.test(name)) return;
  const { page, close } = await visit(open.url + address, {
    ...options,
    ...(as ? { as } : {}),
    ...(user ? { name: user } : {}),
    ...(operator ? { operator } : {}),
  });
  await page.locator("h1").first().waitFor();
  if (!polls) {
    await page.waitForLoadState("networkidle").catch(() => {});
    await page
      .locator(".bone")
      .first()
      .waitFor({ state: "detached" })
      .catch(() => {});
  }
  await prepare?.(page);
  if (wholePage) await growWindow(page, options?.size ?? PHONE);
  await page.screenshot({ path: join(TARGET, `${name}.png`) });
  await close();
  console.log(name);
}

/** The window becomes as tall as the page, so that sticky elements are at its edges. */
async function growWindow(page: Page, { width, height }: { width: number; height: number }): Promise<void> {
  const tall = (await page.locator("#app").boundingBox())?.height ?? height;
  await page.setViewportSize({ width, height: Math.max(height, Math.ceil(tall)) });
}
