// Delivers to a webhook, signed by Standard Webhooks 1.0: one POST per event. Receivers verify it with a public library
// (standardwebhooks.com). `webhook-id` is the event's id, followed by the replay's id if an operator requested one. Receivers
// recognize repetitions by it.

import { createHmac } from "node:crypto";
import type { Envelope } from "../envelope.ts";
import { deduplicationId, type DeliveryResult, type Replays, type Sink, SinkThrottled, SinkGone, SinkUnreachable } from "./sink.ts";

export type WebhookSinkOptions = {
  name: string;
  url: string;
  /** `whsec_` and the key in base64. Several keys, separated by spaces, all sign: this allows rotation. */
  secret: string;
  /** Per request. */
  timeoutMs?: number;
};

const CONCURRENCY = 8;
/** Requests started within this time; a delivery must settle within 30 s (sink.ts). */
const MAX_DELIVERY_MS = 20_000;
/** Response statuses that concern the event and not the receiver. */
const EVENT_STATUSES = new Set([400, 413, 414, 415, 422]);
/** Codes of failures to connect, which concern no single event. A connection that breaks later may concern the event. */
const NO_CONNECTION = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

type Result =
  | { kind: "accepted" }
  | { kind: "refused"; reason: string }
  /** `maybeEvent`: the error may concern the event. Otherwise other events would fail too. */
  | { kind: "failed"; error: Error; maybeEvent: boolean };
type Sent = { id: string; startedAt: number; result: Result };

export class WebhookSink implements Sink {
  readonly name: string;
  readonly #url: string;
  readonly #keys: Buffer[];
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  constructor({ name, url, secret, timeoutMs = 10_000 }: WebhookSinkOptions) {
    this.name = name;
    this.#url = url;
    this.#keys = secret.split(/\s+/).map((one) => Buffer.from(one.replace(/^whsec_/, ""), "base64"));
    this.#timeoutMs = timeoutMs;
  }

  async deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult> {
    return deliveryResult(await this.#sendAll(envelopes, replays));
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** Sends several at a time, started in order, and stops early if the receiver does not work or the time is up. */
  async #sendAll(envelopes: Envelope[], replays: Replays | undefined): Promise<Sent[]> {
    const startedAt = performance.now();
    const sent: Sent[] = [];
    let next = 0;
    let stopped = false;
    let failedInARow = 0;
    const worker = async (): Promise<void> => {
      while (!stopped && next < envelopes.length) {
        const envelope = envelopes[next++] as Envelope;
        const sentAt = performance.now();
        const result = await this.#send(envelope, deduplicationId(envelope, replays));
        sent.push({ id: envelope.id, startedAt: sentAt, result });
        failedInARow = result.kind === "failed" ? failedInARow + 1 : 0;
        stopped ||=
          failedInARow >= CONCURRENCY || performance.now() - startedAt > MAX_DELIVERY_MS || (result.kind === "failed" && !result.maybeEvent);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    const error = new Error("not sent yet");
    for (const { id } of envelopes.slice(next))
      sent.push({ id, startedAt: Number.POSITIVE_INFINITY, result: { kind: "failed", error, maybeEvent: true } });
    return sent;
  }

  async #send(envelope: Envelope, id: string): Promise<Result> {
    const body = JSON.stringify(envelope);
    const timestamp = Math.floor(Date.now() / 1000);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), this.#closing.signal]),
        headers: {
          "content-type": "application/cloudevents+json; charset=utf-8",
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": this.#keys.map((key) => signature(key, id, timestamp, body)).join(" "),
        },
        body,
      });
      await response.body?.cancel();
      return resultOf(response);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: unknown };
      const { code } = (cause ?? {}) as { code?: unknown };
      const text = cause instanceof Error ? `${message}: ${cause.message}` : message;
      if (this.#closing.signal.aborted || NO_CONNECTION.has(String(code)))
        return { kind: "failed", error: new SinkUnreachable(text), maybeEvent: false };
      return { kind: "failed", error: new Error(text), maybeEvent: true };
    }
  }
}

/** Standard Webhooks 1.0, symmetric: HMAC-SHA256 over `id.timestamp.body`. */
export function signature(key: Buffer, id: string, timestampSeconds: number, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`).digest("base64")}`;
}

function resultOf({ ok, status, headers }: Response): Result {
  if (ok) return { kind: "accepted" };
  const reason = `responded with status ${status}`;
  if (EVENT_STATUSES.has(status)) return { kind: "refused", reason };
  if (status === 410) return { kind: "failed", error: new SinkGone(`${reason}: the receiver is gone`), maybeEvent: true };
  const waitMs = status === 429 || status === 503 ? retryAfterMs(headers.get("retry-after")) : undefined;
  // A rate limit never concerns a single event.
  if (status === 429) return { kind: "failed", error: new SinkThrottled(reason, waitMs ?? 0), maybeEvent: false };
  return { kind: "failed", error: waitMs === undefined ? new Error(reason) : new SinkThrottled(reason, waitMs), maybeEvent: true };
}

const MAX_WAIT_MS = 24 * 3_600_000;

/** Parses Retry-After, seconds or a date, into ms from now. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_WAIT_MS) : undefined;
}

/** A failure concerns the event if the receiver accepted an event that was sent later. Otherwise it is unclear. */
function deliveryResult(sent: Sent[]): DeliveryResult {
  const lastAccepted = Math.max(...sent.filter(({ result }) => result.kind === "accepted").map(({ startedAt }) => startedAt));
  const failed = new Map<string, string>();
  const unclear = new Map<string, Error>();
  for (const { id, startedAt, result } of sent) {
    if (result.kind === "refused") failed.set(id, result.reason);
    else if (result.kind === "failed" && result.maybeEvent && startedAt < lastAccepted)
      failed.set(id, `${result.error.message}; the receiver takes other events`);
    else if (result.kind === "failed") unclear.set(id, result.error);
  }
  return { failed, unclear };
}
