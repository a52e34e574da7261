// Where the visitor is: the address behind the #, so that pages and the API never meet at one path, and a link works in any tab.

import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
let byLink = true;
addEventListener("popstate", () => (byLink = false));
addEventListener("hashchange", () => {
  hash.value = location.hash;
  // Going back, the browser knows better where one was.
  if (byLink) scrollTo(0, 0);
  byLink = true;
});

export type Place = { path: string; query: URLSearchParams };

/** As the address says it: `#/products/1?x=y` is the path `/products/1` with a query. */
export const place = computed<Place>(() => {
  const [path = "", query = ""] = hash.value.replace(/^#/, "").split("?", 2);
  return { path: path === "" ? "/" : path, query: new URLSearchParams(query) };
});

/** The address of a place, for links. */
export function to(path: string, query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return `#${path}${search.size > 0 ? `?${search}` : ""}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** In place of where one is: going back does not lead here again. */
export function replace(address: string): void {
  location.replace(address);
}
