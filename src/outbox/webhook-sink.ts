// A data platform behind HTTPS, signed by Standard Webhooks 1.0: one POST per event, verified by its receiver with any of the public
// libraries (standardwebhooks.com). `webhook-id` is the event's id: what the receiver recognises a repetition by.

import { createHmac } from "node:crypto";
import type { Envelope } from "./envelope.ts";
import { type DeliveryResult, type Sink, SinkAsksToWait, SinkGone } from "./sink.ts";

export type WebhookSinkOptions = {
  name: string;
  url: string;
  /** `whsec_` and the key in base64. Several, separated by blanks, while a receiver changes over: each signs. */
  secret: string;
  /** How long an answer is waited for. */
  timeoutMs?: number;
};

const AT_ONCE = 8;
/** A pass of a slow receiver ends after this and goes on in the next, well before the sink's half minute is over. */
const MOST_MS = 20_000;
/** What these say concerns what was sent, not the place that it was sent to. */
const ABOUT_THE_EVENT = new Set([400, 413, 414, 415, 422]);

type Said =
  | { kind: "taken" }
  | { kind: "refused" | "either" | "away"; reason: string }
  | { kind: "wait"; reason: string; waitMs: number }
  | { kind: "gone" };
type Sent = { id: string; startedAt: number; said: Said };

export class WebhookSink implements Sink {
  readonly name: string;
  readonly #url: string;
  readonly #keys: Buffer[];
  readonly #timeoutMs: number;
  /** Taken in a delivery that failed as a whole: it comes again, and need not be sent again. */
  readonly #taken = new Set<string>();
  readonly #closing = new AbortController();

  constructor({ name, url, secret, timeoutMs = 10_000 }: WebhookSinkOptions) {
    this.name = name;
    this.#url = url;
    this.#keys = secret.split(/\s+/).map((one) => Buffer.from(one.replace(/^whsec_/, ""), "base64"));
    this.#timeoutMs = timeoutMs;
  }

  async deliver(envelopes: Envelope[], again = false): Promise<DeliveryResult> {
    const sent = await this.#sendAll(again ? envelopes : envelopes.filter(({ id }) => !this.#taken.has(id)));
    const failed = judge(sent, again);
    if (failed instanceof Error) {
      for (const { id, said } of sent) if (said.kind === "taken") this.#taken.add(id);
      throw failed;
    }
    this.#taken.clear();
    return { failed };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** Several at once, begun in order, until all are sent or one answer says that there is no point in going on. */
  async #sendAll(envelopes: Envelope[]): Promise<Sent[]> {
    const startedAt = performance.now();
    const sent: Sent[] = [];
    let next = 0;
    let pointless = false;
    let failedInARow = 0;
    const worker = async (): Promise<void> => {
      while (!pointless && next < envelopes.length) {
        const envelope = envelopes[next++] as Envelope;
        const began = performance.now();
        const said =
          began - startedAt > MOST_MS
            ? { kind: "away" as const, reason: "the receiver is too slow for all of it; the rest comes later" }
            : await this.#send(envelope);
        sent.push({ id: envelope.id, startedAt: began, said });
        failedInARow = said.kind === "taken" || said.kind === "refused" ? 0 : failedInARow + 1;
        pointless ||= ["away", "wait", "gone"].includes(said.kind) || failedInARow >= AT_ONCE;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (pointless)
      for (const { id } of envelopes.slice(next))
        sent.push({ id, startedAt: Number.POSITIVE_INFINITY, said: { kind: "either", reason: "not sent" } });
    return sent;
  }

  async #send(envelope: Envelope): Promise<Said> {
    const body = JSON.stringify(envelope);
    const timestamp = Math.floor(Date.now() / 1000);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), this.#closing.signal]),
        headers: {
          "content-type": "application/cloudevents+json; charset=utf-8",
          "webhook-id": envelope.id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": this.#keys.map((key) => signature(key, envelope.id, timestamp, body)).join(" "),
        },
        body,
      });
      await response.body?.cancel();
      return meaning(response);
    } catch (error) {
      const { message, cause } = error as Error;
      return { kind: "away", reason: cause instanceof Error ? `${message}: ${cause.message}` : message };
    }
  }
}

/** Standard Webhooks 1.0, symmetric: HMAC-SHA256 over `id.timestamp.body`. */
export function signature(key: Buffer, id: string, timestampSeconds: number, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`).digest("base64")}`;
}

function meaning({ ok, status, headers }: Response): Said {
  if (ok) return { kind: "taken" };
  if (status === 410) return { kind: "gone" };
  const reason = `answered with ${status}`;
  if (ABOUT_THE_EVENT.has(status)) return { kind: "refused", reason };
  const waitMs = status === 429 || status === 503 ? retryAfterMs(headers.get("retry-after")) : undefined;
  if (waitMs !== undefined) return { kind: "wait", reason, waitMs };
  // 500 and its like may be this event's fault, or everybody's: `judge` goes by what became of the others.
  return { kind: [429, 502, 503, 504].includes(status) ? "away" : "either", reason };
}

const MOST_WAIT_MS = 24 * 3_600_000;

/** Seconds, or a date; in ms from now. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MOST_WAIT_MS) : undefined;
}

/**
 * The refused events, or what to throw. An answer that may mean the event or the place means the event where another was taken that
 * was sent after it, and where it was refused before.
 */
function judge(sent: Sent[], again: boolean): Map<string, string> | Error {
  const lastTaken = Math.max(...sent.filter(({ said }) => said.kind === "taken").map(({ startedAt }) => startedAt));
  const failed = new Map<string, string>();
  let away: Error | undefined;
  for (const { id, startedAt, said } of sent) {
    if (said.kind === "gone") return new SinkGone("answered with 410: the receiver is gone");
    if (said.kind === "wait") away = new SinkAsksToWait(said.reason, said.waitMs);
    else if (
      said.kind === "refused" ||
      (said.kind === "either" && startedAt < lastTaken) ||
      (said.kind === "either" && again && startedAt < Number.POSITIVE_INFINITY)
    )
      failed.set(id, said.reason);
    else if (said.kind !== "taken") away ??= new Error(said.reason);
  }
  return away ?? failed;
}
