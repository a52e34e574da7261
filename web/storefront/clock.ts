// The shop's time. A coupon opens when it is time there, whatever the visitor's own clock says.

import { signal } from "@preact/signals";

let aheadMs = Date.now() - performance.now();

/** The shop's clock as of the last quarter of a second, in ms since 1970. */
export const now = signal(Date.now());

/** Sets the clock: the shop said `serverMs` somewhere between `asked` and `answered` (of `performance.now()`). */
export function heardTheTime(serverMs: number, asked: number, answered: number): void {
  aheadMs = serverMs - (asked + answered) / 2;
  tick();
}

function tick(): void {
  now.value = performance.now() + aheadMs;
}

setInterval(() => {
  if (document.visibilityState === "visible") tick();
}, 250);
document.addEventListener("visibilitychange", tick);
