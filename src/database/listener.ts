// Hears what other instances announce (LISTEN). While the line is down nobody knows what was missed, so whoever listens is told of the gap.

import pg from "pg";
import { ShopClient } from "./client.ts";
import { connectionSettings } from "./pool.ts";

export type ListenerOptions = {
  url: string;
  channel: string;
  onMessage: (message: string) => void;
  /** Anything may have been announced unheard. */
  onGap: () => void;
  onError: (error: Error) => void;
};

const RETRY_MS = 500;

export class Listener {
  readonly #options: ListenerOptions;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Listens from now on, until `stop`; a line that breaks is taken up again. Errors: the first connection's. */
  async start(): Promise<void> {
    const { url, channel, onMessage, onGap, onError } = this.#options;
    const client = new ShopClient(connectionSettings(url));
    let broken = false;
    const lost = (error: Error): void => {
      if (broken || this.#stopped) return;
      broken = true;
      onError(error);
      onGap();
      void client.end().catch(() => {});
      this.#again();
    };
    client.on("error", lost);
    client.on("end", () => lost(new Error("the line on which instances talk has ended")));
    client.on("notification", ({ payload = "" }) => onMessage(payload));
    await client.connect();
    await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    this.#client = client;
    onGap();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#client?.end();
  }

  #again(): void {
    this.#retry = setTimeout(() => {
      this.start().catch((error: Error) => {
        this.#options.onError(error);
        if (!this.#stopped) this.#again();
      });
    }, RETRY_MS);
  }
}
