// The shop's settings from `GET /shop`, such as its currency, time zone, clock and payment methods.

import { signal } from "@preact/signals";
import type { Body, Shop } from "#client";
import { setClock } from "./clock.ts";
import { currency, timeZone } from "./languages.ts";

/** The latest answer; null before the first. */
export const shopInfo = signal<Body<"getShop"> | null>(null);

const REFRESH_MS = 60_000;

/** Reads the settings now, each minute while the page is visible, and when it becomes visible. A failed read is tried again at the next of these. */
export function keepShopInfo(shop: Pick<Shop, "getShop">): void {
  const refresh = (): void => {
    if (document.visibilityState === "visible") readShopInfo(shop).catch(() => {});
  };
  refresh();
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
}

/** Also sets this page's clock, currency and time zone. */
async function readShopInfo(shop: Pick<Shop, "getShop">): Promise<void> {
  const askedAt = performance.now();
  const { body } = await shop.getShop();
  setClock(Date.parse(body.now), askedAt, performance.now());
  currency.value = body.currency;
  timeZone.value = body.timezone;
  shopInfo.value = body;
}
