// Distinguishes "the sink refuses this event" from "the sink is unavailable", for every kind of sink: a failed event counts as
// refused if the sink accepts an event of another order around the same time.

import type { Envelope } from "./envelope.ts";
import { type DeliveryResult, type Replays, type Sink, SinkThrottled, SinkGone, SinkUnreachable } from "./sinks/sink.ts";

export type Outcome = {
  /** By event id, with a reason. */
  refused: Map<string, string>;
  /** Neither delivered nor refused, because the sink is unavailable. */
  undelivered: Set<string>;
  /** Why the sink is considered unavailable. */
  unavailable?: Error;
};

/** After accepting an event, a sink is considered working for this many failing calls, and for this long. */
const FAILING_CALLS = 4;
const RECENT_MS = 2000;

/** Whether an error concerns the whole sink and never a single event. */
export function concernsSink(error: Error): boolean {
  return error instanceof SinkUnreachable || error instanceof SinkThrottled;
}

/** Delivers to one sink and isolates the events that it refuses. */
export class IsolatingSender {
  readonly #deliverTo: Sink["deliver"];
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(deliver: Sink["deliver"]) {
    this.#deliverTo = deliver;
  }

  /** Whether the sink has just accepted an event, or refused one by itself. */
  get answeredRecently(): boolean {
    return performance.now() - this.#answeredAt < RECENT_MS;
  }

  /**
   * Delivers events of different orders. A group that fails is bisected until each refused event is alone. The other events are
   * delivered on the way: one refused event of n costs about 2 log2(n) calls.
   * @param retried set for events that were refused before, or are replayed
   */
  async send(envelopes: Envelope[], retried?: Replays): Promise<Outcome> {
    const outcome: Outcome = { refused: new Map(), undelivered: new Set(envelopes.map(({ id }) => id)) };
    const groups = envelopes.length === 0 ? [] : [envelopes];
    // If many new events fail at once, the sink has probably just failed, so an earlier success proves nothing.
    let proven = this.answeredRecently && (retried !== undefined || envelopes.length === 1);
    let failing = 0;
    for (let group = groups.shift(); group; group = groups.shift()) {
      const { answered, unclear } = await this.#attempt(group, outcome, retried);
      const error = mostCertain([...unclear.values()]);
      failing = answered ? 0 : failing + 1;
      proven = answered || (proven && !(error instanceof SinkGone) && (failing <= FAILING_CALLS || this.answeredRecently));
      if (error === undefined) continue;
      const suspects = group.filter(({ id }) => unclear.has(id));
      if (concernsSink(error) || (!proven && !(await this.#takesAnother(suspects, outcome, retried)))) return { ...outcome, unavailable: error };
      proven = true;
      const left = suspects.filter(({ id }) => outcome.undelivered.has(id));
      if (group.length === 1) refuse(outcome, group[0] as Envelope, `${error.message}; the sink takes other events`);
      else if (left.length < group.length) groups.push(left);
      else groups.push(left.slice(0, left.length >> 1), left.slice(left.length >> 1));
    }
    return outcome;
  }

  /** Sends two of several suspects alone: the last one, which no earlier pass can have sent, and a random other one. */
  async #takesAnother(suspects: Envelope[], outcome: Outcome, retried: Replays | undefined): Promise<boolean> {
    if (suspects.length === 1) return false;
    const last = suspects.length - 1;
    for (const one of [suspects[last], suspects[Math.floor(Math.random() * last)]] as Envelope[])
      if ((await this.#attempt([one], outcome, retried)).answered) return true;
    return false;
  }

  /** One call. `answered`: the sink accepted an event, or refused one with an error that can only concern that event. */
  async #attempt(
    group: Envelope[],
    outcome: Outcome,
    retried: Replays | undefined,
  ): Promise<{ answered: boolean; unclear: ReadonlyMap<string, Error> }> {
    const { failed, unclear = new Map<string, Error>() } = await this.#deliver(group, retried);
    for (const envelope of group) {
      const reason = failed.get(envelope.id);
      if (reason !== undefined) refuse(outcome, envelope, reason);
      else if (!unclear.has(envelope.id)) outcome.undelivered.delete(envelope.id);
    }
    const answered = group.some(({ id }) => !unclear.has(id));
    if (answered) this.#answeredAt = performance.now();
    return { answered, unclear };
  }

  async #deliver(group: Envelope[], retried: Replays | undefined): Promise<DeliveryResult> {
    try {
      return await this.#deliverTo(group, retried);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      return { failed: new Map(), unclear: new Map(group.map(({ id }) => [id, cause])) };
    }
  }
}

function refuse(outcome: Outcome, { id }: Envelope, reason: string): void {
  outcome.refused.set(id, reason);
  outcome.undelivered.delete(id);
}

function mostCertain(errors: Error[]): Error | undefined {
  return errors.find(concernsSink) ?? errors.find((error) => error instanceof SinkGone) ?? errors[0];
}
