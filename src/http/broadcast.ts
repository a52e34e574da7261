// A stream of server-sent events that is the same for all of its listeners. An event is encoded once, with the frame of HTTP's chunked
// encoding around it, and the same bytes go to each connection: ten thousand listeners cost one encoding and ten thousand writes.

import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "../refusal.ts";

export type BroadcastOptions = { maxListeners?: number };

/** Of one instance and one stream: a listener costs some 20 kB. */
const MAX_LISTENERS = 50_000;
/** A listener with more unread bytes skips events. */
const MAX_UNREAD_BYTES = 64 * 1024;
/** Writes between two turns of the event loop, so that other requests do not wait for a long list of listeners. */
const BATCH = 250;

export class Broadcast {
  readonly #listeners = new Set<ServerResponse>();
  readonly #maxListeners: number;
  /** Listeners that joined since then got the newest event when they joined. */
  #latest: Buffer | undefined;
  #onEmpty: () => void = () => {};

  constructor({ maxListeners = MAX_LISTENERS }: BroadcastOptions = {}) {
    this.#maxListeners = maxListeners;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** Called whenever the last listener has left. */
  set onEmpty(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /**
   * Answers a request with this stream, which begins with the newest event. HEAD gets the header fields alone. Errors: BUSY.
   * @param seconds after which the stream ends
   */
  join({ method }: FastifyRequest, reply: FastifyReply, seconds?: number): void {
    if (this.#listeners.size >= this.#maxListeners) refuse("BUSY", { retryAfter: 5 });
    const response = reply.raw;
    // x-accel-buffering tells reverse proxies not to hold events back.
    reply.header("content-type", "text/event-stream").header("x-accel-buffering", "no");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    if (method === "HEAD" || response.socket?.destroyed !== false) {
      reply.send();
      this.#leave(response);
      return;
    }
    reply.complete();
    reply.hijack();
    response.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), "transfer-encoding": "chunked" });
    response.flushHeaders();
    this.#listeners.add(response);
    const timer = seconds === undefined ? undefined : setTimeout(() => response.end(), seconds * 1000);
    response.once("close", () => {
      clearTimeout(timer);
      this.#leave(response);
    });
    write(response, FIRST);
    if (this.#latest) write(response, this.#latest);
  }

  /**
   * Sends an event to all listeners, and to those that join later until the next one. Resolves when it was written to all, with the
   * processor time that this took, in ms.
   */
  async send(data: string): Promise<number> {
    const event = framed(`data: ${data}\n\n`);
    this.#latest = event;
    let tookMs = 0;
    let since = performance.now();
    let written = 0;
    for (const listener of this.#listeners) {
      if (this.#latest !== event) break; // A newer event has overtaken this one.
      write(listener, event);
      if (++written % BATCH !== 0) continue;
      tookMs += performance.now() - since;
      await nextTurn();
      since = performance.now();
    }
    return tookMs + performance.now() - since;
  }

  #leave(response: ServerResponse): void {
    this.#listeners.delete(response);
    if (this.#listeners.size === 0) this.#onEmpty();
  }

  /** Ends all streams, so that a shutdown does not wait for listeners. */
  end(): void {
    for (const listener of this.#listeners) listener.end();
  }
}

/** How soon a browser connects again after the connection broke. */
const FIRST = framed("retry: 2000\n\n");

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A chunk of HTTP's chunked encoding (RFC 9112, 7.1). */
function framed(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  return Buffer.from(`${bytes.toString(16)}\r\n${text}\r\n`);
}

/** Writes beside the response, which would frame the bytes once more for each listener. */
function write({ socket }: ServerResponse, bytes: Buffer): void {
  if (socket && socket.writableLength < MAX_UNREAD_BYTES) socket.write(bytes);
}
