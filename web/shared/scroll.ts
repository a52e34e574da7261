// Scroll positions of the history's entries. A new page starts at its top; "back" restores the scroll position. The browser's own restoration
// runs before the page has its content.

/** Each entry of the history gets a number; an entry without a number is new. */
const positions = new Map<number, number>();
let entry = 0;
history.scrollRestoration = "manual";
history.replaceState({ entry }, "");

/** Call after each navigation. @param isNewPage false if only the query changed */
export function followEntry(isNewPage: boolean): void {
  positions.set(entry, scrollY);
  const known = (history.state as { entry?: number } | null)?.entry;
  entry = known ?? Math.max(entry, ...positions.keys()) + 1;
  if (known === undefined) history.replaceState({ entry }, "");
  if (isNewPage) restore(positions.get(entry) ?? 0);
}

/** Scrolls when the page is tall enough. Gives up after 60 frames, or when the visitor scrolls first. */
function restore(top: number): void {
  const target = entry;
  let frames = 60;
  let moved = false;
  addEventListener("wheel", () => (moved = true), { once: true, passive: true });
  addEventListener("touchstart", () => (moved = true), { once: true, passive: true });
  requestAnimationFrame(function attempt() {
    if (entry !== target || moved) return;
    scrollTo(0, top);
    if (Math.abs(scrollY - top) > 1 && --frames > 0) requestAnimationFrame(attempt);
  });
}
