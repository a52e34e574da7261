// One request, sent until it is answered: a busy, limited or restarting shop is asked again, under the same key, a bounded number of times.

import { Refused, Unreachable } from "./errors.ts";
import type { Problem } from "./generated/types.gen.ts";

/** Why a request is sent again, and when. */
export type Retry = { attempt: number; pauseMs: number; reason: Refused | Unreachable };

export type SendOptions = {
  /** How often a request is sent at most; default 5. */
  tries?: number;
  /** The longest that is waited between two tries; a shop that asks for more is told about as a refusal. Default 10 s. */
  longestPauseMs?: number;
  /** How long one answer may take; default 30 s. */
  timeoutMs?: number;
  /** Is told before each pause. What it throws ends the request. */
  onRetry?: (retry: Retry) => void;
  fetch?: typeof globalThis.fetch;
  /** For tests: waits. */
  pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

export type Request = { method: string; url: string; headers: Record<string, string>; body: string | undefined; signal: AbortSignal | undefined };
export type Heard = { status: number; body: unknown; replayed: boolean };

/**
 * @param repeatable whether nothing is done twice by sending it twice: it changes nothing, or has a key
 * Errors: Refused; Unreachable; what `signal` was aborted with.
 */
export async function send(request: Request, repeatable: boolean, options: SendOptions): Promise<Heard> {
  const { tries = 5, longestPauseMs = 10_000, onRetry, pause = wait } = options;
  for (let attempt = 1; ; attempt++) {
    const heard = await once(request, options);
    if (!(heard instanceof Error)) return heard;
    request.signal?.throwIfAborted();
    const pauseMs = pauseAfter(heard, attempt);
    if (attempt >= tries || pauseMs > longestPauseMs || !isPassing(heard, repeatable)) throw heard;
    onRetry?.({ attempt, pauseMs, reason: heard });
    await pause(pauseMs, request.signal);
  }
}

async function once(
  { method, url, headers, body, signal }: Request,
  { fetch = globalThis.fetch, timeoutMs = 30_000 }: SendOptions,
): Promise<Heard | Refused | Unreachable> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    if (response.ok) return { status: response.status, body: bodyOf(text, type), replayed: response.headers.get("idempotent-replayed") === "true" };
    if (!type.startsWith("application/problem+json"))
      return new Unreachable(`${method} ${url} was answered ${response.status} by something that is no shop`, { status: response.status });
    return new Refused(JSON.parse(text) as Problem, secondsOf(response.headers.get("retry-after")));
  } catch (cause) {
    return new Unreachable(`${method} ${url} was not answered`, { cause });
  }
}

/** `Retry-After` is a number of seconds, or a date where something in between has written it. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function bodyOf(text: string, type: string): unknown {
  return text === "" ? undefined : type.startsWith("application/json") ? JSON.parse(text) : text;
}

/** What another try may mend. An unheard request may have been carried out, so it is sent again only where that does no harm. */
function isPassing(heard: Refused | Unreachable, repeatable: boolean): boolean {
  if (heard instanceof Unreachable) return repeatable;
  return heard.status === 503 || heard.status === 429 || heard.code === "IDEMPOTENCY_IN_PROGRESS";
}

/** As long as the shop asks for, and a little more, so that a crowd does not come back as one; else longer each time. */
function pauseAfter(heard: Refused | Unreachable, attempt: number): number {
  const asked = heard instanceof Refused ? heard.retryAfter : undefined;
  const scatter = 0.5 + Math.random() / 2;
  return asked === undefined ? Math.min(5_000, 200 * 2 ** attempt) * scatter : asked * 1000 + 250 * (scatter - 0.5);
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
