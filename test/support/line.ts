// A line to PostgreSQL that a test can cut: the failure of a database as a shop meets it.

import { connect, createServer, type Server, type Socket } from "node:net";
import pg from "pg";

export class Line {
  /** What a shop takes for its DATABASE_URL. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #state: State;

  constructor(url: string, server: Server, sockets: Set<Socket>, state: State) {
    this.url = url;
    this.#server = server;
    this.#sockets = sockets;
    this.#state = state;
  }

  /** Every connection breaks, and new ones break at once, until `mend`. */
  cut(): void {
    this.#state.whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#state.whole = true;
  }

  /** Cuts when the shop next sends these words, which do not arrive any more. Resolves when that has happened. */
  cutAt(words: string): Promise<void> {
    return new Promise((resolve) => {
      this.#state.watch = (sent) => {
        if (!sent.includes(words)) return false;
        this.#state.watch = undefined;
        this.cut();
        resolve();
        return true;
      };
    });
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

type State = { whole: boolean; watch: ((sent: Buffer) => boolean) | undefined };

/** Opens a line to the server of this database. */
export async function openLine(databaseUrl: string): Promise<Line> {
  const { host, port, user, password, database } = new pg.Client({ connectionString: databaseUrl });
  const target = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = new Set<Socket>();
  const state: State = { whole: true, watch: undefined };

  const server = createServer((near) => {
    if (!state.whole) return near.destroy();
    const far = connect(target);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {}); // What was cut is meant to break.
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.on("data", (sent) => {
      if (!state.watch?.(sent)) far.write(sent);
    });
    far.on("data", (answered) => near.write(answered));
    near.on("end", () => far.end());
    far.on("end", () => near.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: near } = server.address() as { port: number };
  const secret = password ? `:${encodeURIComponent(password)}` : "";
  return new Line(
    `postgresql://${encodeURIComponent(user ?? "")}${secret}@127.0.0.1:${near}/${encodeURIComponent(database ?? "")}?sslmode=disable`,
    server,
    sockets,
    state,
  );
}
