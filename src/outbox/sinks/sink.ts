// The port to where events go: the data platform. One adapter per kind of place; file-sink.ts is the one that is always there.

import type { Envelope } from "../envelope.ts";

/** What became of a delivery. Events that neither map names are durably delivered. */
export type DeliveryResult = {
  /** By event id: why the sink refuses this event, whatever becomes of the others. */
  failed: ReadonlyMap<string, string>;
  /** By event id: an error that may be about the event or about the whole sink. The dispatcher finds out which (isolate.ts). */
  unclear?: ReadonlyMap<string, Error>;
};

/**
 * By event id: the id of the replay that an operator asked for. A sink that drops repeated deliveries must treat a replay as a
 * new delivery, and each retry of the same replay as a repetition.
 */
export type Replays = ReadonlyMap<string, string>;

export const ALL_DELIVERED: DeliveryResult = { failed: new Map() };

export interface Sink {
  /** Stands in the database for as long as the place exists: under a new name everything is delivered from the beginning. */
  readonly name: string;
  /**
   * Delivers in the order given and resolves when it is safe there. No two of the envelopes are of one order, so that one
   * may be refused without its successor having overtaken it. The same event may come again: it is at least once.
   * Throws an error that may concern one event or all of them: then none counts as delivered, and the dispatcher isolates the cause.
   * Must settle within half a minute.
   */
  deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult>;
  close(): Promise<void>;
}

/** What a sink recognizes a repeated delivery by: the event's id, and another one for each replay. */
export function deduplicationId({ id }: Envelope, replays: Replays | undefined): string {
  const replay = replays?.get(id);
  return replay === undefined ? id : `${id}:${replay}`;
}

/** No connection to the sink: the error is not about any event. */
export class SinkUnreachable extends Error {}

/** The place is away and says for how long: nobody knocks earlier. */
export class SinkThrottled extends Error {
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** The place says that it is gone for good: nothing is sent until an operator replays an event to it. */
export class SinkGone extends Error {}
