// The port to a data platform. One adapter per kind of platform; file-sink.ts needs no server.

import type { Envelope } from "../envelope.ts";

/** The result of a delivery. Events that are in neither map are durably delivered. */
export type DeliveryResult = {
  /** By event id: why the sink refuses this event, independently of the others. */
  failed: ReadonlyMap<string, string>;
  /** By event id: an error that may concern the event or the whole sink. The dispatcher finds out which (isolate.ts). */
  unclear?: ReadonlyMap<string, Error>;
};

/**
 * By event id: the id of the replay that an operator requested. A sink that drops repeated deliveries must treat a replay as a
 * new delivery, and each retry of the same replay as a repetition.
 */
export type Replays = ReadonlyMap<string, string>;

export const ALL_DELIVERED: DeliveryResult = { failed: new Map() };

export interface Sink {
  /** Key of the sink's position in the database. Under a new name, all events are delivered from the first. */
  readonly name: string;
  /**
   * Delivers in the given order and resolves when the events are durable. No two envelopes are of one order, so that no event
   * can overtake a refused one. The same event may be delivered again: at-least-once delivery.
   * May throw an error that concerns one event or all of them: then none counts as delivered, and the dispatcher isolates the
   * cause. Must settle within 30 seconds.
   */
  deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult>;
  close(): Promise<void>;
}

/** Key by which a sink recognizes repeated deliveries: the event's id, different for each replay. */
export function deduplicationId({ id }: Envelope, replays: Replays | undefined): string {
  const replay = replays?.get(id);
  return replay === undefined ? id : `${id}:${replay}`;
}

/** No connection to the sink; the error concerns no single event. */
export class SinkUnreachable extends Error {}

/** The sink asks for a pause of `waitMs`. */
export class SinkThrottled extends Error {
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** The sink is gone for good: nothing is sent until an operator replays an event to it. */
export class SinkGone extends Error {}
