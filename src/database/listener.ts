// Hears what other instances announce (LISTEN). While the line is down nobody knows what was missed, so whoever listens is told of the gap.

import pg from "pg";
import { ShopClient } from "./client.ts";
import { connectionSettings } from "./pool.ts";

export type ListenerOptions = {
  url: string;
  channel: string;
  onMessage: (message: string) => void;
  /** Done on each new line before it is up. What it throws is an error of the line. */
  onConnect?: (client: pg.Client) => Promise<void>;
  /** Anything may have been announced unheard. */
  onGap: () => void;
  onError: (error: Error) => void;
  /** The pause before each try to take a broken line up again, in ms. */
  retryMs?: number;
};

const RETRY_MS = 500;

export class Listener {
  readonly #options: ListenerOptions;
  /** The line while it is up. */
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Listens from now on, until `stop`; a line that breaks is taken up again. Errors: the first connection's. */
  async start(): Promise<void> {
    const { url, channel, onMessage, onConnect, onGap } = this.#options;
    const client = new ShopClient(connectionSettings(url));
    // Before it is up, whatever breaks it also rejects `connect`, and one retry is enough.
    const lost = (error: Error): void => {
      if (this.#client === client) this.#lost(error);
    };
    client.on("error", lost);
    client.on("end", () => lost(new Error("the line on which instances talk has ended")));
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
    this.#again();
  }

  #again(): void {
    this.#retry = setTimeout(() => {
      this.start().catch((error: Error) => {
        if (this.#stopped) return;
        this.#options.onError(error);
        this.#again();
      });
    }, this.#options.retryMs ?? RETRY_MS);
  }
}
