// Tells which server wrote each order: a trigger notes the server's timeline and the time. All hosts of a lab share one clock.

import type { Servers } from "./servers.ts";

export type Acknowledged = { orderId: string; sentAt: number; acknowledgedAt: number };
export type Written = { at: number; timeline: number };

export type Testimony = {
  /** Acknowledged orders by the timeline on which they were written; `unknown`: its server was gone before it could be asked. */
  byTimeline: Record<string, number>;
  /** Acknowledged orders that are missing in the end. */
  lost: string[];
  /** Orders that a server wrote and acknowledged after its successor had begun to acknowledge. */
  fromTwoPrimaries: string[];
};

const TRIGGER = `
CREATE TABLE beat (at timestamptz NOT NULL DEFAULT now());
CREATE TABLE witness (order_id uuid NOT NULL, at timestamptz NOT NULL, timeline int NOT NULL);
CREATE FUNCTION witness_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO witness VALUES (NEW.id, clock_timestamp(), ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int);
  RETURN NULL;
END $$;
GRANT INSERT ON witness TO shop;
CREATE TRIGGER witness_order AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION witness_order();`;

const WRITTEN = "SELECT order_id AS id, (extract(epoch FROM at) * 1000)::float8 AS at, timeline FROM witness";
/** Members are asked more often than this. */
const RECENT = `${WRITTEN} WHERE at > now() - interval '20 s'`;

type Row = Written & { id: string };

export class Witness {
  readonly #servers: Servers;
  readonly #written = new Map<string, Written>();

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  async install(): Promise<void> {
    await this.#servers.query(TRIGGER);
  }

  /** Asks every member. A deposed server has its own orders until it follows its successor. */
  async ask(text = RECENT): Promise<void> {
    for (const rows of await this.#servers.askAll<Row>(text)) for (const { id, ...row } of rows) this.#written.set(id, row);
  }

  async judge(acknowledged: readonly Acknowledged[]): Promise<Testimony> {
    await this.ask(WRITTEN);
    const kept = new Set((await this.#servers.query<{ id: string }>("SELECT id FROM orders")).map(({ id }) => id));
    return judge(acknowledged, this.#written, kept);
  }
}

/**
 * @param written which server wrote each order, as far as known
 * @param kept the orders that are there in the end
 */
export function judge(acknowledged: readonly Acknowledged[], written: ReadonlyMap<string, Written>, kept: ReadonlySet<string>): Testimony {
  const byTimeline: Record<string, number> = {};
  const began = new Map<number, number>();
  for (const { orderId, acknowledgedAt } of acknowledged) {
    const { timeline } = written.get(orderId) ?? {};
    const name = String(timeline ?? "unknown");
    byTimeline[name] = (byTimeline[name] ?? 0) + 1;
    if (timeline !== undefined) began.set(timeline, Math.min(acknowledgedAt, began.get(timeline) ?? acknowledgedAt));
  }
  /** When a server of a later timeline first acknowledged. */
  const deposedAt = (timeline: number): number =>
    Math.min(Number.POSITIVE_INFINITY, ...[...began].flatMap(([later, at]) => (later > timeline ? [at] : [])));
  const isLate = ({ orderId }: Acknowledged): boolean => {
    const row = written.get(orderId);
    return row !== undefined && row.at > deposedAt(row.timeline);
  };
  const ids = (orders: Acknowledged[]): string[] => orders.map(({ orderId }) => orderId);
  return { byTimeline, lost: ids(acknowledged.filter(({ orderId }) => !kept.has(orderId))), fromTwoPrimaries: ids(acknowledged.filter(isLate)) };
}
