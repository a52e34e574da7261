// The shop, as the console calls it.

import { signal } from "@preact/signals";
import { type Body, createShop, isRefusal, type ShopOptions, Unreachable } from "#client";
import { currency, language, timeZone } from "../shared/languages.ts";
import { session, sessionEnded } from "./session.ts";
import { fieldWord, t } from "./words/words.ts";

/** An audit or a job of a large shop takes its time. */
const PATIENCE_MS = 10 * 60_000;

export const facts = signal<Body<"getShop"> | null>(null);

/** How every call is made, whoever makes it. */
export const options = { url: "", language: () => language.value, timeoutMs: PATIENCE_MS } satisfies ShopOptions;

/** For what is read. What changes something is called through `useAttempt` (attempt.ts). */
export const shop = createShop({ ...options, token: () => session.value?.token, fetch: listen });

export async function listen(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const token = new Headers(init?.headers).get("authorization")?.slice("Bearer ".length);
  const response = await fetch(input, init);
  if (response.status === 401 && token !== undefined) sessionEnded(token);
  return response;
}

export async function readFacts(): Promise<void> {
  const { body } = await shop.getShop();
  currency.value = body.currency;
  timeZone.value = body.timezone;
  facts.value = body;
}

/** Why something failed, for people: the shop's own words, with the fields that are at fault. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreachable) return t.value.unheard;
  if (!isRefusal(error)) return t.value.broke;
  const errors = (error.problem.errors ?? []).map(({ path, message }) => `${fieldWord(path)}: ${message}`);
  return [error.message, ...errors].join(" · ");
}
