// Spans of the till: a command from its arrival to its answer, a round, and the round's two flights to the database.

import { type Attributes, type Context, type Histogram, type Span, SpanKind } from "@opentelemetry/api";
import type { OpenRound, Store } from "../till/store.ts";
import type { Need } from "../till/table.ts";
import type { TillTracing } from "../till/till.ts";
import { Refusal } from "../refusal.ts";
import { fail, type Telemetry } from "./telemetry.ts";

type Traced = { span: Span; place: Context };

const DATABASE: Attributes = { "db.system.name": "postgresql" };

/** A round is part of its first command's trace. The other commands' spans are linked with it. */
export class TillSpans implements TillTracing<Traced> {
  readonly #telemetry: Telemetry;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  arrived(command: string): Traced {
    return this.#telemetry.start(`command ${command}`, { attributes: { "jangnal.command": command } });
  }

  answered({ span }: Traced, error?: unknown): void {
    if (error instanceof Refusal) span.setAttribute("jangnal.refusal", error.code);
    else if (error !== undefined) fail(span, error);
    span.end();
  }

  round(commands: Traced[], execute: () => Promise<void>): Promise<void> {
    const [first, ...others] = commands as [Traced, ...Traced[]];
    const links = others.map(({ span }) => ({ context: span.spanContext() }));
    const attributes = { "jangnal.round.commands": commands.length };
    return this.#telemetry.run("round", { parent: first.place, links, attributes }, (round) => {
      for (const { span } of others) span.addLink({ context: round.spanContext() });
      return execute();
    });
  }

  /** The `traceparent` of a command that goes to the till's process. */
  readonly send = (): string | undefined => this.#telemetry.traceparent();

  /** Runs a command of a worker at its place in the worker's trace. */
  readonly receive = <T>(traceparent: string | undefined, execute: () => T): T =>
    traceparent === undefined ? execute() : this.#telemetry.within(this.#telemetry.placeOf({ traceparent }), execute);
}

/** A store whose flights to the database are spans. */
export class TracedStore implements Store {
  readonly #store: Store;
  readonly #telemetry: Telemetry;
  readonly #durations: Histogram;
  readonly #committed: (round: Context) => void;

  /** @param committed called with the place of each committed round */
  constructor(store: Store, telemetry: Telemetry, committed: (round: Context) => void) {
    this.#store = store;
    this.#telemetry = telemetry;
    this.#committed = committed;
    this.#durations = telemetry.durations("db.client.operation.duration", "Duration of database client operations");
  }

  async lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound> {
    const open = await this.#flight("LOCK", () => this.#store.lock(needs, waitMs));
    return {
      loaded: open.loaded,
      now: open.now,
      commit: async (roundId, changes) => {
        await this.#flight("COMMIT", () => open.commit(roundId, changes));
        this.#committed(this.#telemetry.active());
      },
      release: () => open.release(),
    };
  }

  outcome(roundId: string): Promise<"committed" | "abandoned"> {
    return this.#flight("OUTCOME", () => this.#store.outcome(roundId));
  }

  async #flight<T>(operation: string, fly: () => Promise<T>): Promise<T> {
    const attributes: Attributes = { ...DATABASE, "db.operation.name": operation };
    const startedAt = performance.now();
    try {
      return await this.#telemetry.run(operation, { kind: SpanKind.CLIENT, attributes }, fly);
    } catch (error) {
      attributes["error.type"] = (error as Error).constructor.name;
      throw error;
    } finally {
      this.#durations.record((performance.now() - startedAt) / 1000, attributes);
    }
  }
}
