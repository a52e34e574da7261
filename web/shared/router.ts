// The route is the part of the address after the #. So pages never share a path with the API, and a link works in any tab.

import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);

export type Route = { path: string; query: URLSearchParams };

/** The current route: `#/products/1?x=y` has the path `/products/1` and a query. */
export const route = computed<Route>(() => routeOf(hash.value));

function routeOf(address: string): Route {
  const [path = "", query = ""] = address.replace(/^#/, "").split("?", 2);
  return { path: path === "" ? "/" : path, query: new URLSearchParams(query) };
}

/** The subject of the current page, such as a product's name, for the window's title; empty if its kind of page is enough. */
export const subject = signal("");

/** The address of a route, for links. */
export function to(path: string, query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return `#${path}${search.size > 0 ? `?${search}` : ""}`;
}

/** The current route with its query, without the #, as a target to return to. */
export function currentPath(): string {
  return location.hash.replace(/^#/, "") || "/";
}

export function navigate(address: string): void {
  location.hash = address;
}

/** Navigates without an entry in the history: "back" skips the current page. */
export function redirect(address: string): void {
  location.replace(address);
}

// A new page starts at its top; "back" restores the scroll position. The browser's own restoration runs before the page has its content.
// Each entry of the history gets a number; an entry without a number is new.
const scrollPositions = new Map<number, number>();
let entry = 0;
history.scrollRestoration = "manual";
history.replaceState({ entry }, "");
addEventListener("hashchange", () => {
  scrollPositions.set(entry, scrollY);
  const before = route.peek().path;
  const known = (history.state as { entry?: number } | null)?.entry;
  entry = known ?? Math.max(entry, ...scrollPositions.keys()) + 1;
  if (known === undefined) history.replaceState({ entry }, "");
  if (routeOf(location.hash).path !== before) {
    subject.value = "";
    restoreScroll(scrollPositions.get(entry) ?? 0);
  }
  hash.value = location.hash;
});

/** Scrolls when the page is tall enough. Gives up after 60 frames, or when the visitor scrolls first. */
function restoreScroll(top: number): void {
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
