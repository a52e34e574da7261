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
  /** The pause between two questions whether the server is still there, in ms. */
  heartbeatMs?: number;
};

const RETRY_MS = 500;
const HEARTBEAT_MS = 10_000;
/** A heartbeat without a response for this long ends the connection. */
const RESPONSE_MS = 5000;

export class Listener {
  readonly #options: ListenerOptions;
  /** The connection while it is up. */
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
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
    this.#beat(client, lost);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#heartbeat);
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  /**
   * A listener only receives, so it would not notice that a proxy's connection to the server is
   * gone, and miss all messages. TCP's keepalive reaches as far as the proxy.
   */
  #beat(client: pg.Client, lost: (error: Error) => void): void {
    const { heartbeatMs = HEARTBEAT_MS } = this.#options;
    this.#heartbeat = setTimeout(() => {
      const question = { text: "SELECT", query_timeout: Math.min(RESPONSE_MS, heartbeatMs) };
      client.query(question).then(() => this.#client === client && this.#beat(client, lost), lost);
    }, heartbeatMs);
  }

  #lost(error: Error): void {
    clearTimeout(this.#heartbeat);
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
