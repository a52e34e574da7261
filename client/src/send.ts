// Sends a request, and retries it a bounded number of times, with the same idempotency key, if the shop is busy, rate-limited or restarting.

import { Refused, Unreachable } from "./errors.ts";
import type { Problem } from "./generated/types.gen.ts";

/** Why a request is retried, and when. */
export type Retry = { attempt: number; pauseMs: number; reason: Refused | Unreachable };

export type SendOptions = {
  /** Most tries per request; default 5. */
  tries?: number;
  /** Longest pause between two tries; if the shop asks for a longer one, the refusal is thrown. Default 10 s. */
  longestPauseMs?: number;
  /** Time limit of one try; default 30 s. */
  timeoutMs?: number;
  /** Called before each pause. An error that it throws ends the request. */
  onRetry?: (retry: Retry) => void;
  fetch?: typeof globalThis.fetch;
  /** Replaces the pause, for tests. */
  pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

export type Request = { method: string; url: string; headers: Record<string, string>; body: string | undefined; signal: AbortSignal | undefined };
export type Success = { status: number; body: unknown; replayed: boolean };

/**
 * @param repeatable whether it may be sent twice without a second effect: it changes nothing, or has a key
 * Errors: Refused; Unreachable; the reason of `signal`.
 */
export async function send(request: Request, repeatable: boolean, options: SendOptions): Promise<Success> {
  const { tries = 5, longestPauseMs = 10_000, onRetry, pause = wait } = options;
  for (let attempt = 1; ; attempt++) {
    const result = await sendOnce(request, options);
    if (!(result instanceof Error)) return result;
    request.signal?.throwIfAborted();
    const pauseMs = pauseAfter(result, attempt);
    if (attempt >= tries || pauseMs > longestPauseMs || !isTemporary(result, repeatable)) throw result;
    onRetry?.({ attempt, pauseMs, reason: result });
    await pause(pauseMs, request.signal);
  }
}

async function sendOnce(
  { method, url, headers, body, signal }: Request,
  { fetch = globalThis.fetch, timeoutMs = 30_000 }: SendOptions,
): Promise<Success | Refused | Unreachable> {
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
      return new Unreachable(`${method} ${url} was answered ${response.status} by a server that is not a shop`, { status: response.status });
    return new Refused(JSON.parse(text) as Problem, secondsOf(response.headers.get("retry-after")));
  } catch (cause) {
    return new Unreachable(`${method} ${url} was not answered`, { cause });
  }
}

/** `Retry-After` in seconds. A proxy may have written it as a date. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function bodyOf(text: string, type: string): unknown {
  return text === "" ? undefined : type.startsWith("application/json") ? JSON.parse(text) : text;
}

/** Whether a retry may succeed. A request without a response may have taken effect, so it is repeated only if that is safe. */
function isTemporary(failure: Refused | Unreachable, repeatable: boolean): boolean {
  if (failure instanceof Unreachable) return repeatable;
  return failure.status === 503 || failure.status === 429 || failure.code === "IDEMPOTENCY_IN_PROGRESS";
}

/** The pause that the shop asks for, otherwise an exponential backoff. Both have jitter, so that clients do not retry at the same moment. */
function pauseAfter(failure: Refused | Unreachable, attempt: number): number {
  const retryAfter = failure instanceof Refused ? failure.retryAfter : undefined;
  const jitter = 0.5 + Math.random() / 2;
  return retryAfter === undefined ? Math.min(5_000, 200 * 2 ** attempt) * jitter : retryAfter * 1000 + 250 * (jitter - 0.5);
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
