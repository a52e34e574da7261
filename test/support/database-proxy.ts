// A line to PostgreSQL that a test can cut, or keep an answer on: the failures and delays of a database as a shop meets them.

import { connect, createServer, type Server, type Socket } from "node:net";
import pg from "pg";

/** One connection: what the shop sends comes in by `near`, what PostgreSQL answers by `far`. */
type Pair = { near: Socket; far: Socket };
/** Looks at what passes; true keeps it from passing. */
type Watch = { sent?: (data: Buffer, pair: Pair) => boolean; answered?: (data: Buffer, pair: Pair) => boolean };

export class DatabaseProxy {
  /** What a shop takes for its DATABASE_URL. */
  readonly url: string;
  readonly #server: Server;
  readonly #pairs: Set<Pair>;
  readonly #state: State;

  constructor(url: string, server: Server, pairs: Set<Pair>, state: State) {
    this.url = url;
    this.#server = server;
    this.#pairs = pairs;
    this.#state = state;
  }

  /** Every connection breaks, and new ones break at once, until `mend`. */
  cut(): void {
    this.#state.whole = false;
    this.#state.watch = {};
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  mend(): void {
    this.#state.whole = true;
  }

  /** Cuts when the shop next sends these words, which do not arrive any more. Resolves when that has happened. */
  cutAt(words: string): Promise<void> {
    return this.#watch((done) => ({ sent: (data) => data.includes(words) && this.#cutAnd(done) }));
  }

  /** Cuts when PostgreSQL next answers in these words on the connection on which the shop has sent those: it was done, and nobody hears of it. */
  cutAnswer(answer: string, { to }: { to: string }): Promise<void> {
    let asked: Pair | undefined;
    return this.#watch((done) => ({
      sent(data, pair) {
        if (data.includes(to)) asked = pair;
        return false;
      },
      answered: (data, pair) => pair === asked && data.includes(answer) && this.#cutAnd(done),
    }));
  }

  /** Keeps back the answer to what the shop next sends in these words: read by PostgreSQL then, it arrives when `release` is called. */
  holdAnswer(words: string): { held: Promise<void>; release(): void } {
    let asked: Pair | undefined;
    const kept: Buffer[] = [];
    const held = this.#watch((done) => ({
      sent(data, pair) {
        if (asked === undefined && data.includes(words)) asked = pair;
        return false;
      },
      answered(data, pair) {
        if (pair !== asked) return false;
        kept.push(data);
        done();
        return true;
      },
    }));
    const release = (): void => {
      this.#state.watch = {};
      for (const data of kept) asked?.near.write(data);
    };
    return { held, release };
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #watch(make: (done: () => void) => Watch): Promise<void> {
    return new Promise((resolve) => {
      this.#state.watch = make(resolve);
    });
  }

  #cutAnd(done: () => void): true {
    this.cut();
    done();
    return true;
  }
}

type State = { whole: boolean; watch: Watch };

/** Opens a line to the server of this database. */
export async function openDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const { host, port, user, password, database } = new pg.Client({ connectionString: databaseUrl });
  const target = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const pairs = new Set<Pair>();
  const state: State = { whole: true, watch: {} };

  const server = createServer((near) => {
    near.on("error", () => {}); // What was cut is meant to break.
    if (!state.whole) return near.destroy();
    const far = connect(target).on("error", () => {});
    const pair = { near, far };
    pairs.add(pair);
    near.on("data", (data) => state.watch.sent?.(data, pair) || far.write(data));
    far.on("data", (data) => state.watch.answered?.(data, pair) || near.write(data));
    near.on("close", () => {
      pairs.delete(pair);
      far.destroy();
    });
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: at } = server.address() as { port: number };
  const secret = password ? `:${encodeURIComponent(password)}` : "";
  const url = `postgresql://${encodeURIComponent(user ?? "")}${secret}@127.0.0.1:${at}/${encodeURIComponent(database ?? "")}?sslmode=disable`;
  return new DatabaseProxy(url, server, pairs, state);
}
