// Spans of deliveries to data platforms (semantic conventions: messaging). A delivery has the events of many rounds, of all instances: it is a
// trace of its own, with links to the rounds that this process has committed since the one before.

import { type Context, type Histogram, ROOT_CONTEXT, type SpanContext, SpanKind, trace } from "@opentelemetry/api";
import type { Envelope } from "../outbox/envelope.ts";
import type { DeliveryResult, Replays, Sink } from "../outbox/sinks/sink.ts";
import type { Telemetry } from "./telemetry.ts";

/** As many links as a span keeps. */
const MAX_LINKS = 128;

export class SinkSpans {
  readonly #telemetry: Telemetry;
  readonly #durations: Histogram;
  readonly #rounds = new Map<string, SpanContext[]>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#durations = telemetry.durations("messaging.client.operation.duration", "Duration of messaging operations");
  }

  /** Notes a committed round for the next delivery of each sink. */
  readonly committed = (round: Context): void => {
    const context = trace.getSpanContext(round);
    if (context === undefined) return;
    for (const rounds of this.#rounds.values()) if (rounds.length < MAX_LINKS) rounds.push(context);
  };

  traced(sink: Sink): Sink {
    const rounds: SpanContext[] = [];
    this.#rounds.set(sink.name, rounds);
    return {
      name: sink.name,
      deliver: (envelopes, replays) => this.#deliver(sink, rounds.splice(0), envelopes, replays),
      close: () => sink.close(),
    };
  }

  async #deliver(sink: Sink, rounds: SpanContext[], envelopes: Envelope[], replays: Replays | undefined): Promise<DeliveryResult> {
    const attributes = {
      "messaging.system": sink.name.split(":", 1)[0] as string,
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.destination.name": sink.name,
    };
    const startedAt = performance.now();
    const options = {
      kind: SpanKind.PRODUCER,
      parent: ROOT_CONTEXT,
      links: rounds.map((context) => ({ context })),
      attributes: { ...attributes, "messaging.batch.message_count": envelopes.length },
    };
    try {
      return await this.#telemetry.run(`send ${sink.name}`, options, () => sink.deliver(envelopes, replays));
    } finally {
      this.#durations.record((performance.now() - startedAt) / 1000, attributes);
    }
  }
}
