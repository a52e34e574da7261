import { createShop, isRefusal, type Retry, type Shop, Unreachable } from "#client";
import { DiffersInShop, ReplayError } from "./replay-error.ts";

/** A question to the shop, with the words for what was asked: a failure is told as a `ReplayError`, in a sentence. */
export type Ask = <T>(what: string, question: (shop: Shop) => Promise<T>) => Promise<T>;

const timeoutMs = 120_000;
/** With the pauses between them, half a minute and more: a shop that is restarted meanwhile is waited for. */
const tries = 12;
const longestPauseMs = 60_000;

/** Asks one shop as one operator. A busy, limited or restarting shop is asked again; any other refusal is a `ReplayError`. */
export function askOf(url: string, token: string): Ask {
  const base = baseOf(url);
  const bearer = checked(token.trim());
  let everAnswered = false;

  // Nothing has ever been heard at this address: the address is wrong, and patience would not help. Nor where it takes minutes.
  function onRetry({ reason }: Retry): void {
    if (!(reason instanceof Unreachable)) everAnswered = true;
    else if (!everAnswered || isTimeout(reason)) throw reason;
  }
  const shop = createShop({ url: base, token: () => bearer, language: () => "en", timeoutMs, tries, longestPauseMs, onRetry });

  return async function ask(what, question) {
    try {
      const answer = await question(shop);
      everAnswered = true;
      return answer;
    } catch (error) {
      if (isRefusal(error, "UNAUTHENTICATED")) throw new ReplayError(`The shop at ${url} does not accept the token.`);
      if (isRefusal(error, "FORBIDDEN")) throw new ReplayError(`The token is not an operator's: the shop at ${url} refuses ${what}.`);
      if (isRefusal(error, "IDEMPOTENCY_KEY_REUSED")) throw new DiffersInShop(`The shop has ${what} with other contents.`);
      if (isRefusal(error)) {
        const [first] = error.problem.errors ?? [];
        const field = first ? `; ${first.path} ${first.message}` : "";
        throw new ReplayError(`The shop at ${url} answers ${error.status} to ${what}, with ${error.code} (${error.message}${field}).`);
      }
      if (!(error instanceof Unreachable)) throw error;
      if (error.status !== undefined) throw new ReplayError(`The shop at ${url} answers ${error.status} to ${what}, and does not say why.`);
      throw new ReplayError(`The shop at ${url} cannot be reached (${reasonOf(error)}).`);
    }
  };
}

function isTimeout({ cause }: Unreachable): boolean {
  return cause instanceof Error && cause.name === "TimeoutError";
}

function reasonOf(error: Unreachable): string {
  if (isTimeout(error)) return `no answer within ${timeoutMs / 1000} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  // A name with several addresses fails with an error for each, and a code but no message of its own.
  if (cause.cause instanceof Error) return (cause.cause as NodeJS.ErrnoException).code ?? cause.cause.message;
  return cause.message;
}

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new ReplayError(`${url} is not the address of a shop, such as http://127.0.0.1:3000.`);
  return parsed.origin + parsed.pathname.replace(/\/+$/, "");
}

function checked(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new ReplayError("The token holds characters that no token has.");
  return token;
}
