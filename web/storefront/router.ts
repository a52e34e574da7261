// The route is the path below `/store`, so that pages and the API never share a path; the home page is `/`. Links have real addresses, which
// can be shared.

import { computed, signal } from "@preact/signals";
import { followEntry } from "../shared/scroll.ts";

const PREFIX = "/store";

export type Route = { path: string; query: URLSearchParams };

/** An address of version 0.2 had its route behind the #. */
const isOldRoute = (hash: string): boolean => hash.startsWith("#/");
if (isOldRoute(location.hash)) history.replaceState(history.state, "", to(location.hash.slice(1)));

const address = signal(location.pathname + location.search);

/** The current route: `/store/products/1?x=y` has the path `/products/1` and a query. */
export const route = computed<Route>(() => routeOf(address.value));

function routeOf(from: string): Route {
  const [path = "", query = ""] = from.split("?", 2);
  const rest = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path;
  return { path: rest === "" ? "/" : rest, query: new URLSearchParams(query) };
}

/** The subject of the current page, such as a product's name, for the window's title; empty if its kind of page is enough. */
export const subject = signal("");

/** The address of a route, for links. @param path may have a query of its own */
export function to(path: string, query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const place = path === "/" || path.startsWith("/?") ? path : PREFIX + path;
  return search.size > 0 ? `${place}?${search}` : place;
}

/** The current route with its query, as a target to return to. */
export function currentPath(): string {
  const { path, query } = route.peek();
  return query.size > 0 ? `${path}?${query}` : path;
}

export function navigate(target: string): void {
  history.pushState(null, "", target);
  follow();
}

/** Navigates without an entry in the history: "back" skips the current page. */
export function redirect(target: string): void {
  const isNewPage = routeOf(target).path !== route.peek().path;
  history.replaceState(isNewPage ? null : history.state, "", target);
  follow();
}

/** Follows the browser's address. */
export function follow(): void {
  if (isOldRoute(location.hash)) history.replaceState(history.state, "", to(location.hash.slice(1)));
  const next = location.pathname + location.search;
  const isNewPage = routeOf(next).path !== route.peek().path;
  if (isNewPage) subject.value = "";
  followEntry(isNewPage);
  address.value = next;
}

addEventListener("popstate", follow);
addEventListener("hashchange", follow);

/** A link to another page of the storefront loads nothing. Modified presses, and links elsewhere, are the browser's. */
document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
  if (link === null || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname !== "/" && !link.pathname.startsWith(`${PREFIX}/`)) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
});
