import { createShop, isRefusal, type Retry, type Shop, Unreachable } from "#client";
import { DiffersInShop, ReplayError } from "./replay-error.ts";

/** Calls the shop. `what` names the request in error messages. Errors: `ReplayError`. */
export type Ask = <T>(what: string, question: (shop: Shop) => Promise<T>) => Promise<T>;

const timeoutMs = 120_000;
/** With the pauses between attempts, more than half a minute: enough for a restart of the shop. */
const tries = 12;
const longestPauseMs = 60_000;

/** Calls one shop as one operator. Retries while the shop is busy, rate-limited or restarting; any other refusal is a `ReplayError`. */
export function askOf(url: string, token: string): Ask {
  const base = baseOf(url);
  const bearer = checked(token.trim());
  let everAnswered = false;

  // If the shop has never responded, the address is probably wrong, so retries would not help. After a timeout they would take minutes.
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
      if (isRefusal(error, "FORBIDDEN")) throw new ReplayError(`The token is not an operator's: the shop at ${url} refused ${what}.`);
      if (isRefusal(error, "IDEMPOTENCY_KEY_REUSED")) throw new DiffersInShop(`The shop has ${what} with different contents.`);
      if (isRefusal(error)) {
        const [first] = error.problem.errors ?? [];
        const field = first ? `; ${first.path} ${first.message}` : "";
        throw new ReplayError(`The shop at ${url} refused ${what} with status ${error.status} and ${error.code} (${error.message}${field}).`);
      }
      if (!(error instanceof Unreachable)) throw error;
      if (error.status !== undefined) throw new ReplayError(`The shop at ${url} responded to ${what} with status ${error.status} and no reason.`);
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
  // For a host with several addresses, Node wraps one error per address and has a code but no message itself.
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
  if (!/^[\x21-\x7e]+$/.test(token)) throw new ReplayError("The token contains characters that tokens cannot have.");
  return token;
}
