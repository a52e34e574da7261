// Pictures of a journey through the pages, step by step.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { assertSeen } from "./seen.ts";

/** Asserts that a person sees the element, and takes a picture of the moment. */
export type AtStep = (page: Page, name: string, seen: Locator) => Promise<void>;

/** @param folder of the pictures; undefined: none are taken */
export function stepsInto(folder: string | undefined): AtStep {
  let step = 0;
  return async (page, name, seen) => {
    await assertSeen(seen);
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${String(++step).padStart(2, "0")}-${name}.png`) });
  };
}
