// The connection of the storefront to the shop, and its state.

import { signal } from "@preact/signals";
import { createShop, isRefusal, type Retry, type ShopOptions } from "#client";
import { language } from "../shared/languages.ts";
import { session, sessionEnded } from "./session.ts";

/** `offline`: the browser is offline. `busy`: the shop asked for a pause. `lost`: the shop does not respond. In each state the client retries the request. */
export type Connection = "fine" | "offline" | "busy" | "lost";

export const connection = signal<Connection>(navigator.onLine ? "fine" : "offline");
addEventListener("offline", () => (connection.value = "offline"));
addEventListener("online", () => (connection.value = "fine"));

/** Options of all clients of this page. */
export const options = { url: "", language: () => language.value, tries: 6, onRetry } satisfies ShopOptions;

/** Client for reads and for signing in. Changes go through `useAttempt` (attempt.ts), which binds them to the user. */
export const shop = createShop({ ...options, token: () => session.value?.token, fetch: fetchAndWatch });

/** `fetch` that notes the state of the connection, and ends the session when the shop refuses its token. */
export async function fetchAndWatch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const token = new Headers(init?.headers).get("authorization")?.slice("Bearer ".length);
  const response = await fetch(input, init);
  if (response.status < 500 && navigator.onLine) connection.value = "fine";
  if (response.status === 401 && token !== undefined) sessionEnded(token);
  return response;
}

function onRetry({ reason }: Retry): void {
  connection.value = isRefusal(reason) ? "busy" : navigator.onLine ? "lost" : "offline";
}
