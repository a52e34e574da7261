// A data platform behind HTTPS, signed by Standard Webhooks 1.0: one POST per event, verified by its receiver with any of the public
// libraries (standardwebhooks.com). `webhook-id` is the event's id, with the replay's behind it if an operator asked for one: what
// the receiver recognises a repetition by.

import { createHmac } from "node:crypto";
import type { Envelope } from "../envelope.ts";
import { deduplicationId, type DeliveryResult, type Replays, type Sink, SinkThrottled, SinkGone, SinkUnreachable } from "./sink.ts";

export type WebhookSinkOptions = {
  name: string;
  url: string;
  /** `whsec_` and the key in base64. Several, separated by blanks, while a receiver changes over: each signs. */
  secret: string;
  /** How long an answer is waited for. */
  timeoutMs?: number;
};

const AT_ONCE = 8;
/** A delivery to a slow receiver ends after this, well before the sink's half minute is over. */
const MOST_MS = 20_000;
/** Answers that concern the event and not the receiver. */
const ABOUT_THE_EVENT = new Set([400, 413, 414, 415, 422]);
/** There is no connection, so the error is not about an event. A connection that breaks later may be. */
const NO_CONNECTION = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

type Said =
  | { kind: "taken" }
  | { kind: "refused"; reason: string }
  /** `ofEvent`: it may be about the event. Otherwise there is no use in sending the others. */
  | { kind: "failed"; error: Error; ofEvent: boolean };
type Sent = { id: string; startedAt: number; said: Said };

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
    return interpret(await this.#sendAll(envelopes, replays));
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** Several at once, begun in order, until all are sent or one answer says that there is no point in going on. */
  async #sendAll(envelopes: Envelope[], replays: Replays | undefined): Promise<Sent[]> {
    const startedAt = performance.now();
    const sent: Sent[] = [];
    let next = 0;
    let pointless = false;
    let failedInARow = 0;
    const worker = async (): Promise<void> => {
      while (!pointless && next < envelopes.length) {
        const envelope = envelopes[next++] as Envelope;
        const began = performance.now();
        const said = await this.#send(envelope, deduplicationId(envelope, replays));
        sent.push({ id: envelope.id, startedAt: began, said });
        failedInARow = said.kind === "failed" ? failedInARow + 1 : 0;
        pointless ||= failedInARow >= AT_ONCE || performance.now() - startedAt > MOST_MS || (said.kind === "failed" && !said.ofEvent);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const error = new Error("not sent yet");
    for (const { id } of envelopes.slice(next))
      sent.push({ id, startedAt: Number.POSITIVE_INFINITY, said: { kind: "failed", error, ofEvent: true } });
    return sent;
  }

  async #send(envelope: Envelope, id: string): Promise<Said> {
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
      return meaning(response);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: unknown };
      const { code } = (cause ?? {}) as { code?: unknown };
      const text = cause instanceof Error ? `${message}: ${cause.message}` : message;
      if (this.#closing.signal.aborted || NO_CONNECTION.has(String(code)))
        return { kind: "failed", error: new SinkUnreachable(text), ofEvent: false };
      return { kind: "failed", error: new Error(text), ofEvent: true };
    }
  }
}

/** Standard Webhooks 1.0, symmetric: HMAC-SHA256 over `id.timestamp.body`. */
export function signature(key: Buffer, id: string, timestampSeconds: number, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`).digest("base64")}`;
}

function meaning({ ok, status, headers }: Response): Said {
  if (ok) return { kind: "taken" };
  const reason = `answered with ${status}`;
  if (ABOUT_THE_EVENT.has(status)) return { kind: "refused", reason };
  if (status === 410) return { kind: "failed", error: new SinkGone(`${reason}: the receiver is gone`), ofEvent: true };
  const waitMs = status === 429 || status === 503 ? retryAfterMs(headers.get("retry-after")) : undefined;
  // A rate limit is never about one event.
  if (status === 429) return { kind: "failed", error: new SinkThrottled(reason, waitMs ?? 0), ofEvent: false };
  return { kind: "failed", error: waitMs === undefined ? new Error(reason) : new SinkThrottled(reason, waitMs), ofEvent: true };
}

const MOST_WAIT_MS = 24 * 3_600_000;

/** Seconds, or a date; in ms from now. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MOST_WAIT_MS) : undefined;
}

/** A failure is about the event if an event that was sent after it was taken. Without that it stays unclear. */
function interpret(sent: Sent[]): DeliveryResult {
  const lastTaken = Math.max(...sent.filter(({ said }) => said.kind === "taken").map(({ startedAt }) => startedAt));
  const failed = new Map<string, string>();
  const unclear = new Map<string, Error>();
  for (const { id, startedAt, said } of sent) {
    if (said.kind === "refused") failed.set(id, said.reason);
    else if (said.kind === "failed" && said.ofEvent && startedAt < lastTaken)
      failed.set(id, `${said.error.message}; the receiver takes other events`);
    else if (said.kind === "failed") unclear.set(id, said.error);
  }
  return { failed, unclear };
}
