// A data platform behind NATS JetStream. `Nats-Msg-Id` is the event's id: what comes again within the stream's window is dropped there.

import { jetstream, jetstreamManager, type JetStreamClient } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Envelope } from "./envelope.ts";
import { ALL_DELIVERED, type DeliveryResult, type Sink } from "./sink.ts";

export type NatsSinkOptions = { name: string; url: URL };

const CONNECT_MS = 5000;
const ACK_MS = 10_000;
/** For how long a stream of our making recognises what comes again. */
const DEDUPLICATED_NS = 3600 * 1_000_000_000;

/** `nats://[user:password@|token@]host:4222/STREAM`: publishes to `STREAM.<type>` in lower case; makes the stream where there is none. */
export class NatsSink implements Sink {
  readonly name: string;
  readonly #url: URL;
  readonly #stream: string;
  #open: Promise<{ connection: NatsConnection; client: JetStreamClient }> | undefined;

  constructor({ name, url }: NatsSinkOptions) {
    this.name = name;
    this.#url = url;
    this.#stream = decodeURIComponent(url.pathname.slice(1)) || "JANGNAL";
  }

  async deliver(envelopes: Envelope[]): Promise<DeliveryResult> {
    const { client } = await (this.#open ??= this.#connect());
    // Sent in order on one connection; each is safe when the stream has acknowledged it.
    const acks = envelopes.map((envelope) =>
      client.publish(subjectOf(this.#stream, envelope.type), JSON.stringify(envelope), {
        msgID: envelope.id,
        timeout: ACK_MS,
        expect: { streamName: this.#stream },
      }),
    );
    const settled = await Promise.allSettled(acks);
    const failure = settled.find((one) => one.status === "rejected");
    if (!failure) return ALL_DELIVERED;
    await this.#drop();
    throw failure.reason;
  }

  async close(): Promise<void> {
    await this.#drop();
  }

  async #connect(): Promise<{ connection: NatsConnection; client: JetStreamClient }> {
    const { hostname, port, username, password, protocol } = this.#url;
    const [name, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
    try {
      const connection = await connect({
        servers: `${hostname}:${port || 4222}`,
        name: "jangnal",
        timeout: CONNECT_MS,
        // A connection that breaks is not mended behind our back: what it had on its way would come at any time. The relay comes again.
        reconnect: false,
        ...(secret ? { user: name, pass: secret } : name ? { token: name } : {}),
        ...(protocol === "tls:" ? { tls: {} } : {}),
      });
      void connection.closed().then(() => (this.#open = undefined));
      try {
        await this.#makeStream(connection);
      } catch (error) {
        await connection.close();
        throw error;
      }
      return { connection, client: jetstream(connection, { timeout: ACK_MS }) };
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }

  async #makeStream(connection: NatsConnection): Promise<void> {
    const manager = await jetstreamManager(connection, { timeout: CONNECT_MS });
    try {
      await manager.streams.info(this.#stream);
    } catch (error) {
      if (!/not found/i.test((error as Error).message)) throw error;
      await manager.streams.add({ name: this.#stream, subjects: [`${this.#stream.toLowerCase()}.>`], duplicate_window: DEDUPLICATED_NS });
    }
  }

  async #drop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.then(({ connection }) => connection.close()).catch(() => {});
  }
}

/** `jangnal.order.completed` in the stream JANGNAL. */
function subjectOf(stream: string, type: string): string {
  return `${stream.toLowerCase()}.${type.replace(/^jangnal\./, "")}`;
}
