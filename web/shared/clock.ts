// The shop's time. A coupon opens by the shop's clock, even if the clock of this computer is wrong.

import { signal } from "@preact/signals";

/** How far the shop's clock is ahead of `performance.now()`, in ms. Until the shop has answered, this computer's clock stands in for the shop's. */
let offsetMs = Date.now() - performance.now();

/** The shop's time in ms since 1970, at most a quarter of a second old while the page is visible. */
export const now = signal(Date.now());

/** The shop's time at this moment, in ms since 1970. */
export const shopTime = (): number => performance.now() + offsetMs;

/** Sets the clock: the shop said `serverMs` between `askedAt` and `answeredAt`, both from `performance.now()`. */
export function setClock(serverMs: number, askedAt: number, answeredAt: number): void {
  offsetMs = serverMs - (askedAt + answeredAt) / 2;
  tick();
}

function tick(): void {
  now.value = shopTime();
}

setInterval(() => {
  if (document.visibilityState === "visible") tick();
}, 250);
document.addEventListener("visibilitychange", tick);
