// The connection of the console to the shop.

import { createShop, isRefusal, type ShopOptions, Unreachable } from "#client";
import { accountFault } from "../shared/account-words.ts";
import { language } from "../shared/languages.ts";
import { session, sessionEnded } from "./session.ts";
import { faultText } from "./words/faults.ts";
import { fieldWord, t } from "./words/words.ts";

/** An audit or a job of a large shop takes minutes. */
const TIMEOUT_MS = 10 * 60_000;

/** Options of all clients of this page. */
export const options = { url: "", language: () => language.value, timeoutMs: TIMEOUT_MS } satisfies ShopOptions;

/** Client for reads. Changes go through `useAttempt` (attempt.ts), which binds them to the operator. */
export const shop = createShop({ ...options, token: () => session.value?.token, fetch: fetchAndWatch });

/** `fetch` that ends the session when the shop refuses its token. */
export async function fetchAndWatch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const token = new Headers(init?.headers).get("authorization")?.slice("Bearer ".length);
  const response = await fetch(input, init);
  if (response.status === 401 && token !== undefined) sessionEnded(token);
  return response;
}

/** The reason of a failure for the operator: the shop's message and the fields at fault. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreachable) return t.value.noResponse;
  if (!isRefusal(error)) return t.value.unknownError;
  const errors = (error.problem.errors ?? []).map(({ path, message }) => `${fieldWord(path)}: ${faultText(message)}`);
  return [accountFault(error) ?? error.message, ...errors].join(" · ");
}
