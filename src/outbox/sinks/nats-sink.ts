// Delivers to NATS JetStream. `Nats-Msg-Id` is the event's id, followed by the replay's id if an operator requested one. The stream
// drops repetitions within its deduplication window.

import { jetstream, JetStreamApiError, jetstreamManager, type JetStreamClient } from "@nats-io/jetstream";
import { connect, InvalidArgumentError, type NatsConnection } from "@nats-io/transport-node";
import type { Envelope } from "../envelope.ts";
import { deduplicationId, type DeliveryResult, type Replays, type Sink, SinkUnreachable } from "./sink.ts";

export type NatsSinkOptions = { name: string; url: URL };

const CONNECT_MS = 5000;
const ACK_MS = 10_000;
/** Deduplication window of a stream that the sink creates. */
const DUPLICATE_WINDOW_NS = 3600 * 1_000_000_000;

/** JetStream has no leader, or is too busy. Another server of the cluster may work. */
const UNAVAILABLE_STATUS = 503;

/**
 * `nats://[user:password@|token@]host:4222/STREAM?servers=other:4222;third:4222&replicas=3`: publishes to `stream.<type>`, and creates
 * the stream if it does not exist.
 */
export class NatsSink implements Sink {
  readonly name: string;
  readonly #url: URL;
  readonly #stream: string;
  readonly #servers: string[];
  readonly #replicas: number;
  /** Counts connections: each goes to the next server, since the one before may be cut off from the others. */
  #turn = 0;
  #open: Promise<{ connection: NatsConnection; client: JetStreamClient }> | undefined;

  constructor({ name, url }: NatsSinkOptions) {
    this.name = name;
    this.#url = url;
    this.#stream = decodeURIComponent(url.pathname.slice(1)) || "JANGNAL";
    this.#servers = [`${url.hostname}:${url.port || 4222}`, ...(url.searchParams.get("servers")?.split(";") ?? [])];
    this.#replicas = Number(url.searchParams.get("replicas") ?? 1);
  }

  async deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult> {
    const { client } = await (this.#open ??= this.#connect());
    // Published in order on one connection. An event is delivered once the stream has acknowledged it.
    const acks = envelopes.map((envelope) =>
      client.publish(subjectOf(this.#stream, envelope.type), JSON.stringify(envelope), {
        msgID: deduplicationId(envelope, replays),
        timeout: ACK_MS,
        expect: { streamName: this.#stream },
      }),
    );
    const failed = new Map<string, string>();
    const unclear = new Map<string, Error>();
    for (const [i, settled] of (await Promise.allSettled(acks)).entries()) {
      if (settled.status === "fulfilled") continue;
      const [id, error] = [(envelopes[i] as Envelope).id, settled.reason as Error];
      // The client checks the server's max_payload before sending, so the error concerns this event.
      if (error instanceof InvalidArgumentError) failed.set(id, error.message);
      else unclear.set(id, error);
    }
    // After an error response of the stream the connection is still good; after any other error it may be broken.
    if ([...unclear.values()].some((error) => !(error instanceof JetStreamApiError) || error.status === UNAVAILABLE_STATUS)) await this.#drop();
    return { failed, unclear };
  }

  async close(): Promise<void> {
    await this.#drop();
  }

  async #connect(): Promise<{ connection: NatsConnection; client: JetStreamClient }> {
    const { username, password, protocol } = this.#url;
    const [name, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
    try {
      const connection = await connect({
        servers: this.#servers[this.#turn++ % this.#servers.length] as string,
        ignoreClusterUpdates: true,
        name: "jangnal",
        timeout: CONNECT_MS,
        // A reconnecting client would send buffered messages at any later time. The relay repeats them instead.
        reconnect: false,
        ...(secret ? { user: name, pass: secret } : name ? { token: name } : {}),
        ...(protocol === "tls:" ? { tls: {} } : {}),
      });
      void connection.closed().then(() => (this.#open = undefined));
      try {
        await this.#createStream(connection);
      } catch (error) {
        await connection.close();
        throw error;
      }
      return { connection, client: jetstream(connection, { timeout: ACK_MS }) };
    } catch (error) {
      this.#open = undefined;
      throw new SinkUnreachable((error as Error).message, { cause: error });
    }
  }

  async #createStream(connection: NatsConnection): Promise<void> {
    const manager = await jetstreamManager(connection, { timeout: CONNECT_MS });
    try {
      await manager.streams.info(this.#stream);
    } catch (error) {
      if (!/not found/i.test((error as Error).message)) throw error;
      await manager.streams.add({
        name: this.#stream,
        subjects: [`${this.#stream.toLowerCase()}.>`],
        duplicate_window: DUPLICATE_WINDOW_NS,
        num_replicas: this.#replicas,
      });
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
