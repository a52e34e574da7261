// Checks of the controls and messages that a visitor sees in the window, without enlarging it.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Locator, Page } from "playwright-core";
import type { InPage } from "./browser.ts";

const SEEN = { inWindow: true, coveredBy: null };

/** Asserts that an element comes to be within the window, and that no other element covers it. */
export async function assertSeen(locator: Locator): Promise<void> {
  await locator.waitFor();
  let found = await placeOf(locator);
  // A slow machine draws a message before it scrolls to it.
  for (const deadline = Date.now() + 60_000; Date.now() < deadline && !isDeepStrictEqual(found, SEEN);) {
    await locator.page().waitForTimeout(50);
    found = await placeOf(locator);
  }
  assert.deepEqual(found, SEEN, String(locator));
}

function placeOf(locator: Locator): Promise<{ inWindow: boolean; coveredBy: string | null }> {
  return locator.evaluate((element: InPage) => {
    const { innerWidth, innerHeight, document } = globalThis as InPage;
    const { top, left, right, bottom } = element.getBoundingClientRect();
    const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return {
      inWindow: top >= -1 && left >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1,
      coveredBy: at === null || element.contains(at) || at.contains(element) ? null : String(at.outerHTML).slice(0, 120),
    };
  });
}

/** Scrolls to each control, as the keyboard's focus does, and asserts that no other element covers its middle. */
export async function assertNothingCovered(page: Page): Promise<void> {
  const covered = await page.evaluate(() => {
    const { document } = globalThis as InPage;
    const controls = [...(document.querySelector("dialog[open]") ?? document).querySelectorAll("a[href], button, input, select, textarea, summary")];
    return controls.flatMap((control) => {
      if (
        !control.checkVisibility() ||
        control.closest(".skip, .toasts, [aria-hidden=true], dialog:not([open])") ||
        control.getBoundingClientRect().width === 0
      )
        return [];
      control.scrollIntoView({ block: "nearest" });
      const { top, left, right, bottom } = control.getBoundingClientRect();
      const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      const target = control.closest("label") ?? control;
      const isOnTop = at !== null && (target.contains(at) || at.contains(target));
      return isOnTop ? [] : [`${String(control.outerHTML).slice(0, 120)} by ${String(at?.outerHTML).slice(0, 120)}`];
    });
  });
  assert.deepEqual(covered, [], page.url());
}
