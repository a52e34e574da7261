// The shop, as every page calls it; and how the line to it is.

import { signal } from "@preact/signals";
import { type Body, createShop, isRefusal, type Retry, type ShopOptions } from "#client";
import { currency, language, timeZone } from "../shared/languages.ts";
import { heardTheTime } from "./clock.ts";
import { session, sessionEnded } from "./session.ts";

/** `offline`: the browser says so. `busy`: the shop asked for patience. `lost`: it does not answer. The request under way is tried again in each. */
export type Connection = "fine" | "offline" | "busy" | "lost";

export const connection = signal<Connection>(navigator.onLine ? "fine" : "offline");
addEventListener("offline", () => (connection.value = "offline"));
addEventListener("online", () => (connection.value = "fine"));

/** What the shop says of itself; null until it has. */
export const facts = signal<Body<"getShop"> | null>(null);

/** How every call is made, whoever makes it. */
export const options = { url: "", language: () => language.value, tries: 6, onRetry } satisfies ShopOptions;

/** For what is read, and for signing in. What changes something is called through `useAttempt` (attempt.ts). */
export const shop = createShop({ ...options, token: () => session.value?.token, fetch: listen });

export async function listen(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const token = new Headers(init?.headers).get("authorization")?.slice("Bearer ".length);
  const response = await fetch(input, init);
  if (response.status < 500 && navigator.onLine) connection.value = "fine";
  if (response.status === 401 && token !== undefined) sessionEnded(token);
  return response;
}

function onRetry({ reason }: Retry): void {
  connection.value = isRefusal(reason) ? "busy" : navigator.onLine ? "lost" : "offline";
}

/** Asks the shop for its facts, and sets this page's clock by it. */
export async function readFacts(): Promise<void> {
  const asked = performance.now();
  const { body } = await shop.getShop();
  heardTheTime(Date.parse(body.now), asked, performance.now());
  currency.value = body.currency;
  timeZone.value = body.timezone;
  facts.value = body;
}
