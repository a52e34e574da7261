// Tabs in the background, and the notifications that the browser shows of them.

import type { Page } from "playwright-core";
import type { InPage } from "./browser.ts";

/** Notifications of this page are kept, and the visitor allows them. */
export async function keepNotifications(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const shown: string[] = [];
    class Kept {
      static permission = "default";
      static requestPermission(): Promise<string> {
        Kept.permission = "granted";
        return Promise.resolve("granted");
      }
      constructor(title: string) {
        shown.push(title);
      }
      addEventListener(): void {}
    }
    Object.assign(globalThis, { Notification: Kept, shownNotifications: shown });
  });
}

export const setVisibility = (page: Page, state: "hidden" | "visible"): Promise<void> =>
  page.evaluate((value) => {
    const { document, Event } = globalThis as InPage;
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
