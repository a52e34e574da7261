// Logs what waits for other systems: when it begins, once in a while as long as it lasts, and when it is over.

import type { BacklogReader } from "./backlog.ts";
import { complaintsOf } from "./backlog.ts";

export type BacklogLogOptions = {
  reader: Pick<BacklogReader, "read">;
  /** `complaint` is null when nothing waits any more. */
  tell: (about: "events" | "money", complaint: string | null) => void;
};

const LOOKS_EVERY_MS = 60_000;
/** A complaint that lasts is repeated after this many looks. */
const REPEATED_AFTER = 10;

export class BacklogLog {
  readonly #options: BacklogLogOptions;
  readonly #looks = { events: 0, money: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BacklogLogOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.look(), LOOKS_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Without an answer of the database nothing is logged. */
  async look(): Promise<void> {
    const backlog = await this.#options.reader.read();
    if (!backlog) return;
    const complaints = complaintsOf(backlog);
    for (const about of ["events", "money"] as const) {
      const complaint = complaints[about].join("; ");
      if (complaint === "") {
        if (this.#looks[about] > 0) this.#options.tell(about, null);
        this.#looks[about] = 0;
      } else if (this.#looks[about]++ % REPEATED_AFTER === 0) this.#options.tell(about, complaint);
    }
  }
}
