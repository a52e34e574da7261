// Listens to messages of other instances (LISTEN). Messages sent while the connection is down are
// lost, so the caller is told of each gap.

import pg from "pg";
import { ShopClient } from "./client.ts";
import { connectionSettings } from "./pool.ts";

export type ListenerOptions = {
  url: string;
  channel: string;
  onMessage: (message: string) => void;
  /** Called on each new connection before it counts as up. If it throws, the connection fails. */
  onConnect?: (client: pg.Client) => Promise<void>;
  /** Called when messages may have been lost. */
  onGap: () => void;
  onError: (error: Error) => void;
  /** The pause before each attempt to reconnect, in ms. */
  retryMs?: number;
};

const RETRY_MS = 500;

export class Listener {
  readonly #options: ListenerOptions;
  /** The connection while it is up. */
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Listens until `stop` and reconnects after failures. Errors: the first connection's. */
  async start(): Promise<void> {
    const { url, channel, onMessage, onConnect, onGap } = this.#options;
    const client = new ShopClient(connectionSettings(url));
    // Before the connection is up, an error also rejects `connect`, and one retry is enough.
    const lost = (error: Error): void => {
      if (this.#client === client) this.#lost(error);
    };
    client.on("error", lost);
    client.on("end", () => lost(new Error("the connection for messages between instances has ended")));
    client.on("notification", ({ payload = "" }) => onMessage(payload));
    try {
      await client.connect();
      await onConnect?.(client);
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    if (this.#stopped) return client.end();
    this.#client = client;
    onGap();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  #lost(error: Error): void {
    const client = this.#client;
    this.#client = undefined;
    void client?.end().catch(() => {});
    this.#options.onError(error);
    this.#options.onGap();
    this.#reconnect();
  }

  #reconnect(): void {
    this.#retry = setTimeout(() => {
      this.start().catch((error: Error) => {
        if (this.#stopped) return;
        this.#options.onError(error);
        this.#reconnect();
      });
    }, this.#options.retryMs ?? RETRY_MS);
  }
}
