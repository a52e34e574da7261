// A real browser for the tests of the pages: Debian's Chromium, remote-controlled. Whoever has none is told so, and the tests are skipped.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Client } from "../support/shop.ts";

const CHROMIUM = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"].find(
  (path) => path !== "" && existsSync(path),
);
const MISSING = "there is no Chromium here: apt-get install chromium, or name one by CHROMIUM=/path/to/it";

let browser: Browser | undefined;

/** Errors: where there is no browser, one sentence that says so. */
export async function openBrowser(): Promise<void> {
  if (CHROMIUM === undefined) throw new Error(MISSING);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export const closeBrowser = (): Promise<void> | undefined => browser?.close();

/** Opens the browser before a file's tests, and closes it after them. To be called once in a file, before `before` hooks that need it. */
export function useBrowser(): void {
  before(() => (CHROMIUM === undefined ? undefined : openBrowser()));
  after(closeBrowser);
}

/** A test that needs the browser. */
export function browserTest(name: string, run: () => Promise<void>): void {
  test(name, CHROMIUM === undefined ? { skip: MISSING } : {}, run);
}

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 900 };

export type VisitOptions = {
  /** Who is signed in already. */
  as?: Client;
  /** Who is at the console. */
  operator?: Client;
  name?: string;
  language?: "ko" | "en";
  theme?: "light" | "dark";
  size?: { width: number; height: number };
  context?: BrowserContextOptions;
  /** Where the shop is, if that is not where the first page is. */
  origin?: string;
  /** By how much the visitor's own clock is wrong. */
  clockAheadMs?: number;
};

/** A visitor with a browser profile of their own. Everything that went wrong in their pages is in `errors`. */
export type Visitor = { page: Page; errors: string[]; close(): Promise<void> };

/**
 * Opens a page of this shop. `close` asserts that no script failed, no policy was violated and nothing was asked of anybody else.
 * Answers of 4xx and 5xx are no errors: pages are there to deal with them.
 */
export async function visit(
  url: string,
  { as, operator, name = "손님", language = "ko", theme = "light", size = PHONE, context, origin = url, clockAheadMs = 0 }: VisitOptions = {},
): Promise<Visitor> {
  if (browser === undefined) throw new Error("the browser is not open");
  const profile = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    locale: language === "ko" ? "ko-KR" : "en-GB",
    timezoneId: "Asia/Seoul",
    reducedMotion: "reduce",
    ...context,
  });
  profile.setDefaultTimeout(15_000);
  const errors: string[] = [];
  if (as) {
    const session = JSON.stringify({ token: as.token, userId: as.id, role: as.role, name });
    // Only where there is none: what the page does to its session later stays done.
    await profile.addInitScript((kept) => {
      if (localStorage.getItem("jangnal.visited") === null) localStorage.setItem("jangnal.session", kept);
      localStorage.setItem("jangnal.visited", "yes");
    }, session);
  }
  if (clockAheadMs !== 0)
    await profile.addInitScript((ahead) => {
      const right = Date.now.bind(Date);
      Date.now = () => right() + ahead;
    }, clockAheadMs);
  if (operator) {
    const session = JSON.stringify({ token: operator.token, name: operator.id });
    await profile.addInitScript((kept) => localStorage.setItem("jangnal.console", kept), session);
  }
  const page = await profile.newPage();
  page.on("pageerror", (error) => errors.push(`${error.name}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(origin).origin) && !request.url().startsWith("data:")) errors.push(`asked elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  return {
    page,
    errors,
    async close() {
      await profile.close();
      assert.deepEqual(errors, []);
    },
  };
}

/** Asserts that axe finds nothing on the page as it stands. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
    };
    return (await axe.run()).violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
    }));
  });
  assert.deepEqual(violations, []);
}
