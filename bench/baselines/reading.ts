// Runs one of the shop's statements repeatedly, on a pool as large as the shop's.

import { ignore } from "../support/ignore.ts";
import { Database } from "../../src/database/pool.ts";
import type { Statement } from "../../src/database/statement.ts";
import { closedLoop } from "../support/closed-loop.ts";
import type { Sample } from "../support/sample.ts";
import type { Baseline, Duration } from "./baseline.ts";

const POOL = 8;

export class ReadingBaseline implements Baseline {
  readonly url: string;
  readonly #statementOf: (n: number) => Statement;
  readonly #database: Database;

  constructor(url: string, statementOf: (n: number) => Statement) {
    this.url = url;
    this.#statementOf = statementOf;
    this.#database = new Database(url, { size: POOL, onError: ignore });
  }

  run(waiting: number, duration: Duration): Promise<Sample> {
    return closedLoop(waiting, duration, (n) => this.#database.rows(this.#statementOf(n)));
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
