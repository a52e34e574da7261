// Logs a backlog when it begins, repeatedly while it lasts, and when it ends.

import { type BacklogReader, warningsOf } from "./backlog.ts";

export type BacklogLogOptions = {
  reader: Pick<BacklogReader, "read">;
  /** `warning` is null when the backlog has ended. */
  onChange: (topic: "events" | "money", warning: string | null) => void;
};

const CHECK_EVERY_MS = 60_000;
/** A lasting backlog is logged again after this many checks. */
const REPEAT_AFTER_CHECKS = 10;

export class BacklogLog {
  readonly #options: BacklogLogOptions;
  /** The number of checks that have found the current backlog; 0 without one. */
  readonly #checks = { events: 0, money: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BacklogLogOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.check(), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Logs nothing if the database does not answer. */
  async check(): Promise<void> {
    const backlog = await this.#options.reader.read();
    if (!backlog) return;
    const warnings = warningsOf(backlog);
    for (const topic of ["events", "money"] as const) {
      const warning = warnings[topic].join("; ");
      if (warning === "") {
        if (this.#checks[topic] > 0) this.#options.onChange(topic, null);
        this.#checks[topic] = 0;
      } else if (this.#checks[topic]++ % REPEAT_AFTER_CHECKS === 0) this.#options.onChange(topic, warning);
    }
  }
}
