// The port to where events go: the data platform. One adapter per kind of place; file-sink.ts is the one that is always there.

import type { Envelope } from "./envelope.ts";

/** `failed` names the events (by id, with a reason) that this place will not have; all the others are durably delivered. */
export type DeliveryResult = { failed: ReadonlyMap<string, string> };

export const ALL_DELIVERED: DeliveryResult = { failed: new Map() };

export interface Sink {
  /** Stands in the database for as long as the place exists: under a new name everything is delivered from the beginning. */
  readonly name: string;
  /**
   * Delivers in the order given and resolves when it is safe there. No two of the envelopes are of one order, so that one
   * may be refused without its successor having overtaken it. The same event may come again: it is at least once.
   * Throws when the place as a whole is away: then nothing counts as delivered, and all of it comes again later.
   * Must settle within half a minute.
   * @param again each of these was refused before, by itself: an answer that may mean the event or the place means the event
   */
  deliver(envelopes: Envelope[], again?: boolean): Promise<DeliveryResult>;
  close(): Promise<void>;
}

/** The place is away and says for how long: nobody knocks earlier. */
export class SinkAsksToWait extends Error {
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** The place says that it is gone for good: nothing is sent until an operator replays an event to it. */
export class SinkGone extends Error {}
