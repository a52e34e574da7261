import { setTimeout as pause } from "node:timers/promises";
import { ReplayError } from "./replay-error.ts";

type Call = {
  method: "GET" | "POST";
  path: string;
  body?: unknown;
  /** Sent unchanged with each repetition, so that what an unheard answer has done is not done again. */
  idempotencyKey?: string;
  /** For the sentence that says what was refused. */
  what: string;
};

type Answer<T> = { body: T; replayed: boolean };

export type Caller = <T>(call: Call) => Promise<Answer<T>>;

type Problem = { code?: string; detail?: string; errors?: { path?: string; message?: string }[] };
type Heard = { status: number; headers: Headers; text: string };

const timeoutMs = 120_000;
/** With the pauses between them, half a minute: a shop that is restarted meanwhile is waited for. */
const attempts = 12;
const longestPauseMs = 5_000;

/** Calls one shop as one operator, over connections that are kept open. A busy, limited or restarting shop is asked again; any other refusal is a `ReplayError`. */
export function callerOf(url: string, token: string): Caller {
  const base = baseOf(url);
  const headers = headersFor(token);
  let everAnswered = false;

  return async function call<T>({ method, path, body, idempotencyKey, what }: Call): Promise<Answer<T>> {
    const request: RequestInit = { method, headers: new Headers(headers), redirect: "manual" };
    const sent = request.headers as Headers;
    if (idempotencyKey !== undefined) sent.set("idempotency-key", idempotencyKey);
    if (body !== undefined) {
      sent.set("content-type", "application/json");
      request.body = JSON.stringify(body);
    }
    for (let attempt = 1; ; attempt++) {
      const heard = await listen(base + path, request);
      const last = attempt === attempts;
      if (heard instanceof Error) {
        // Nothing has ever been heard at this address: the address is wrong, and patience would not help.
        if (last || !everAnswered || heard.name === "TimeoutError")
          throw new ReplayError(`The shop at ${url} cannot be reached (${reasonOf(heard)}).`);
      } else {
        everAnswered = true;
        if (heard.status >= 200 && heard.status < 300)
          return { body: parsed<T>(heard, url), replayed: heard.headers.get("idempotent-replayed") === "true" };
        if (last || !isPassing(heard)) throw refused(heard, what, url);
      }
      await pause(pauseMs(heard, attempt));
    }
  };
}

async function listen(url: string, request: RequestInit): Promise<Heard | Error> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isPassing({ status, text }: Heard): boolean {
  return status === 429 || status === 503 || (status === 409 && problemIn(text).code === "IDEMPOTENCY_IN_PROGRESS");
}

/** As long as the shop asks for; twice as long each time where it does not say. */
function pauseMs(heard: Heard | Error, attempt: number): number {
  const retryAfter = heard instanceof Error ? null : heard.headers.get("retry-after");
  if (retryAfter === null) return Math.min(longestPauseMs, 50 * 2 ** attempt);
  const askedMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Math.min(60_000, Math.max(0, Number.isNaN(askedMs) ? longestPauseMs : askedMs));
}

function refused(heard: Heard, what: string, url: string): ReplayError {
  if (heard.status === 401) return new ReplayError(`The shop at ${url} does not accept the token.`);
  if (heard.status === 403) return new ReplayError(`The token is not an operator's: the shop at ${url} refuses ${what}.`);
  const { code, detail, errors = [] } = problemIn(heard.text);
  const first = errors[0] ? `; ${errors[0].path ?? ""} ${errors[0].message ?? ""}` : "";
  const said = code === undefined ? "and does not say why" : `with ${code}${detail === undefined ? "" : ` (${detail}${first})`}`;
  return new ReplayError(`The shop at ${url} answers ${heard.status} to ${what}, ${said}.`);
}

function parsed<T>({ text }: Heard, url: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ReplayError(`What answers at ${url} is not a shop: it does not speak JSON.`);
  }
}

function problemIn(text: string): Problem {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === "object" && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s`;
  const { cause } = error;
  // A name with several addresses fails with an error for each, and a code but no message of its own.
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return error.message;
}

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new ReplayError(`${url} is not the address of a shop, such as http://127.0.0.1:3000.`);
  return parsed.origin + parsed.pathname.replace(/\/+$/, "");
}

function headersFor(token: string): Headers {
  try {
    return new Headers({ authorization: `Bearer ${token.trim()}`, accept: "application/json", "accept-language": "en" });
  } catch {
    throw new ReplayError("The token holds characters that no token has.");
  }
}
