// The console's route is the part of the address after the #.

import { computed, signal } from "@preact/signals";
import { followEntry } from "./scroll.ts";

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

export function navigate(address: string): void {
  location.hash = address;
}

/** Navigates without an entry in the history: "back" skips the current page. */
export function redirect(address: string): void {
  location.replace(address);
}

addEventListener("hashchange", () => {
  const isNewPage = routeOf(location.hash).path !== route.peek().path;
  if (isNewPage) subject.value = "";
  followEntry(isNewPage);
  hash.value = location.hash;
});
