// Every connection of the shop's: the driver's own, which where the database is on several servers first asks which of them takes writes.

import pg from "pg";
import type { Servers } from "./servers.ts";

export type ShopClientConfig = pg.ClientConfig & { servers?: Servers | undefined };

export class ShopClient extends pg.Client {
  readonly #servers: Servers | undefined;

  constructor(config: ShopClientConfig = {}) {
    super(config);
    this.#servers = config.servers;
    // A connection that breaks fails what is running on it; that it says so as an event too must not end the process where nobody listens,
    // as in the middle of a transaction on a pool's connection.
    this.on("error", () => {});
  }

  override connect(): Promise<this>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<this> | void {
    if (!this.#servers) return callback ? super.connect(callback) : (super.connect() as unknown as Promise<this>);
    const found = this.#servers.primary().then(({ host, port }) => Object.assign(this, { host, port }));
    if (!callback) return found.then(() => super.connect() as unknown as Promise<this>);
    found.then(
      () => super.connect(callback),
      (error: Error) => callback(error),
    );
  }
}
