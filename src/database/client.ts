// The driver's client for all connections of the shop. If the database has several servers, it
// first finds the primary.

import pg from "pg";
import type { Servers } from "./servers.ts";

export type ShopClientConfig = pg.ClientConfig & { servers?: Servers | undefined };

export class ShopClient extends pg.Client {
  readonly #servers: Servers | undefined;

  constructor(config: ShopClientConfig = {}) {
    super(config);
    this.#servers = config.servers;
    // A broken connection fails its running queries. The "error" event must not end the process as
    // well when it has no other listener, as in the middle of a transaction on a pool's connection.
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
