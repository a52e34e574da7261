// A real browser for the tests of the pages: Debian's Chromium, remote-controlled. Without a browser the tests are skipped, with the reason.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Client } from "../support/shop.ts";

const CHROMIUM = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"].find(
  (path) => path !== "" && existsSync(path),
);
const MISSING = "Chromium is not installed: apt-get install chromium, or set CHROMIUM=/path/to/chromium";

/** A value within the page, in a function for `evaluate`. The tests are compiled without the types of the DOM. */
// oxlint-disable-next-line typescript/no-explicit-any -- the only escape for values of the page
export type InPage = any;

let browser: Browser | undefined;

/** Errors: no browser is installed. */
export async function openBrowser(): Promise<void> {
  if (CHROMIUM === undefined) throw new Error(MISSING);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export const closeBrowser = (): Promise<void> | undefined => browser?.close();

/** Opens the browser before a file's tests and closes it after them. Call it once in a file, before the `before` hooks that need it. */
export function useBrowser(): void {
  before(() => (CHROMIUM === undefined ? undefined : openBrowser()));
  after(closeBrowser);
}

/** A test that needs the browser. */
export function browserTest(name: string, run: () => Promise<void>): void {
  test(name, CHROMIUM === undefined ? { skip: MISSING } : {}, run);
}

/** A phone of 844 px height, less the browser's own bars. */
export const PHONE = { width: 390, height: 664 };
export const DESKTOP = { width: 1280, height: 900 };

export type VisitOptions = {
  /** The signed-in shopper. */
  as?: Client;
  /** The operator at the console. */
  operator?: Client;
  name?: string;
  language?: "ko" | "en";
  theme?: "light" | "dark";
  size?: { width: number; height: number };
  context?: BrowserContextOptions;
  /** The shop's origin, if the first page is not the shop's. */
  origin?: string;
  /** Further hosts that the pages may call: a gateway's. */
  others?: string[];
  /** How far the visitor's clock is ahead. */
  clockAheadMs?: number;
};

/** A visitor with an own browser profile. `errors` collects the failures of the pages. */
export type Visitor = { page: Page; errors: string[]; close(): Promise<void> };

/**
 * Opens a page of this shop. `close` asserts that no script failed, no policy was violated, and no request went to another host.
 * Responses 4xx and 5xx are not errors, because the pages handle them.
 */
export async function visit(
  url: string,
  {
    as,
    operator,
    name = "손님",
    language = "ko",
    theme = "light",
    size = PHONE,
    context,
    origin = url,
    others = [],
    clockAheadMs = 0,
  }: VisitOptions = {},
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
  profile.setDefaultTimeout(60_000);
  const errors: string[] = [];
  if (as) {
    const session = JSON.stringify({ token: as.token, userId: as.id, role: as.role, name });
    // Once per profile, so that the page's own changes of its session stay.
    await profile.addInitScript((stored) => {
      if (localStorage.getItem("jangnal.visited") === null) localStorage.setItem("jangnal.session", stored);
      localStorage.setItem("jangnal.visited", "yes");
    }, session);
  }
  if (clockAheadMs !== 0)
    await profile.addInitScript((ahead) => {
      const real = Date.now.bind(Date);
      Date.now = () => real() + ahead;
    }, clockAheadMs);
  if (operator) {
    const session = JSON.stringify({ token: operator.token, name: operator.id });
    await profile.addInitScript((stored) => localStorage.setItem("jangnal.console", stored), session);
  }
  const page = await profile.newPage();
  page.on("pageerror", (error) => errors.push(`${error.name}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
  });
  page.on("request", (request) => {
    if (![new URL(origin).origin, ...others].some((known) => request.url().startsWith(known)) && !request.url().startsWith("data:"))
      errors.push(`request to another host: ${request.url()}`);
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

/** A browser with an own profile, which another program can control at the port. The user is signed in at the shop. */
export async function debuggedBrowser(
  url: string,
  session: { as: Client; name: string } | undefined,
): Promise<{ port: number; close(): Promise<void> }> {
  if (CHROMIUM === undefined) throw new Error(MISSING);
  const folder = mkdtempSync(join(tmpdir(), "jangnal-profile-"));
  const profile = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-port=0"],
  });
  if (session !== undefined) {
    const [page = await profile.newPage()] = profile.pages();
    await page.goto(`${url}/manifest.webmanifest`);
    const { as, name } = session;
    const stored = JSON.stringify({ token: as.token, userId: as.id, role: as.role, name });
    await page.evaluate((text) => localStorage.setItem("jangnal.session", text), stored);
  }
  const [port = ""] = readFileSync(join(folder, "DevToolsActivePort"), "utf8").split("\n");
  return {
    port: Number(port),
    async close() {
      await profile.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asserts that axe finds no violation on the page in its current state. */
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

/** Waits until an expression is true in the page. The pages' policy forbids the evaluation that `waitForFunction` repeats with a text. */
export async function eventually(page: Page, expression: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; (await page.evaluate(expression)) !== true;) {
    if (Date.now() > deadline) throw new Error(`not true: ${expression}`);
    await page.waitForTimeout(50);
  }
}
