// Where the visitor is: the address behind the #, so that pages and the API never meet at one path, and a link works in any tab.

import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);

export type Place = { path: string; query: URLSearchParams };

/** As the address says it: `#/products/1?x=y` is the path `/products/1` with a query. */
export const place = computed<Place>(() => placeOf(hash.value));

function placeOf(address: string): Place {
  const [path = "", query = ""] = address.replace(/^#/, "").split("?", 2);
  return { path: path === "" ? "/" : path, query: new URLSearchParams(query) };
}

/** What the page at this place is about, where that is more than its kind: a product's name. For the window's title. */
export const subject = signal("");

/** The address of a place, for links. */
export function to(path: string, query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return `#${path}${search.size > 0 ? `?${search}` : ""}`;
}

/** Where one is, to come back to: with its query, without the #. */
export function here(): string {
  return location.hash.replace(/^#/, "") || "/";
}

export function go(address: string): void {
  location.hash = address;
}

/** In place of where one is: going back does not lead here again. */
export function replace(address: string): void {
  location.replace(address);
}

// A page begins at its top, and who goes back finds it where it was left. The browser would try that too, but before the page is there.
// Each entry of the history has a number; one without is new.
const leftAt = new Map<number, number>();
let entry = 0;
history.scrollRestoration = "manual";
history.replaceState({ entry }, "");
addEventListener("hashchange", () => {
  leftAt.set(entry, scrollY);
  const before = place.peek().path;
  const known = (history.state as { entry?: number } | null)?.entry;
  entry = known ?? Math.max(entry, ...leftAt.keys()) + 1;
  if (known === undefined) history.replaceState({ entry }, "");
  if (placeOf(location.hash).path !== before) {
    subject.value = "";
    scrollWhenThere(leftAt.get(entry) ?? 0);
  }
  hash.value = location.hash;
});

/** Scrolls as soon as the page is tall enough, and not at all if that takes long or the visitor moves first. */
function scrollWhenThere(top: number): void {
  const mine = entry;
  let frames = 60;
  let moved = false;
  addEventListener("wheel", () => (moved = true), { once: true, passive: true });
  addEventListener("touchstart", () => (moved = true), { once: true, passive: true });
  requestAnimationFrame(function attempt() {
    if (entry !== mine || moved) return;
    scrollTo(0, top);
    if (Math.abs(scrollY - top) > 1 && --frames > 0) requestAnimationFrame(attempt);
  });
}
