// The outbox, jobs, statistics and authentication.

import { type Mutation, mutation } from "../mutation.ts";

const OUTBOX = "test/database/outbox.test.ts";
const SHOP_EVENTS = "test/database/shop-events.test.ts";
const AUTHORITY = "test/api/authorization.test.ts";
const EVENTS = "src/outbox/outbox.sql.ts";
const INSERT_ORDERS = "src/order/insert-orders.sql.ts";
const LEASE = "src/outbox/lease.sql.ts";
const RETRIES = "src/outbox/retries.sql.ts";
const ISOLATE = "src/outbox/isolate.ts";
const REFUSED = "test/database/refused-events.test.ts";
const SCHEDULER = "src/jobs/scheduler.ts";
const POPULAR = "src/popular/popular.sql.ts";
const AUTH = "src/http/tokens.ts";
const ROUTE_AUTHORITY = "src/http/authority.ts";

const OTHER_CLUSTER = "test/database/other-cluster.test.ts";
const ADOPT = "src/database/migrations/0084-outbox-in-another-cluster.sql";

export const AFTERWARDS: Mutation[] = [
  mutation("the outbox of another cluster continues after its newest transaction", ADOPT, "IF newest >= shop_xid(upcoming) THEN", "IF false THEN", [
    OTHER_CLUSTER,
    "a database from another cluster delivers",
  ]),
  mutation(
    "a start beside running writers moves no transaction id",
    ADOPT,
    "pg_snapshot_xmax(pg_current_snapshot())",
    "pg_snapshot_xmin(pg_current_snapshot())",
    [OTHER_CLUSTER, "a start beside running writers"],
  ),
  {
    what: "an order's transaction id is one of the shop's",
    edits: [
      {
        file: INSERT_ORDERS,
        find: "$5::timestamptz, shop_xid(pg_current_xact_id())",
        put: "$5::timestamptz, pg_current_xact_id()",
      },
      { file: INSERT_ORDERS, find: "SELECT *, shop_xid(pg_current_xact_id())", put: "SELECT *, pg_current_xact_id()" },
    ],
    red: { file: OTHER_CLUSTER, tests: "orders and events of a running shop" },
  },
  mutation(
    "the relay compares with the shop's transaction ids",
    EVENTS,
    "shop_xid(pg_snapshot_xmin(pg_current_snapshot()))",
    "pg_snapshot_xmin(pg_current_snapshot())",
    [OTHER_CLUSTER, "a database from another cluster delivers"],
  ),
  mutation(
    "sales are counted up to the shop's oldest transaction",
    POPULAR,
    "SELECT shop_xid(pg_snapshot_xmin(pg_current_snapshot()))",
    "SELECT (pg_snapshot_xmin(pg_current_snapshot()))",
    [OTHER_CLUSTER, "a database from another cluster delivers"],
  ),
  mutation(
    "a restored database gives changes of orders ids of their own",
    ADOPT,
    "IF known IS NOT NULL AND use_own_event_ids() THEN",
    "IF false THEN",
    [OTHER_CLUSTER, "after a restore to an earlier moment"],
  ),
  mutation(
    "a replay sends no other event than the one it names",
    "src/outbox/list-events.ts",
    "!event || idOf(event) !== id.toLowerCase()",
    "!event",
    [OTHER_CLUSTER, "after a restore to an earlier moment"],
  ),
  mutation("the relay reads only events older than every running transaction", EVENTS, " AND e.xid < ${OLDEST_RUNNING} ORDER", " ORDER", [
    OUTBOX,
    "the events of a transaction that commits late",
  ]),
  mutation("the relay reads transactions in the order of their ids", EVENTS, "ORDER BY e.xid LIMIT", "ORDER BY e.xid::text LIMIT", [
    OUTBOX,
    "transactions are read in the numeric order",
  ]),
  mutation(
    "an event waits for the earlier events of its order",
    EVENTS,
    "WHERE due > $2::xid8 AND due <= $3::xid8 ORDER BY e.due, order_id, seq",
    "WHERE xid > $2::xid8 AND xid <= $3::xid8 ORDER BY xid, order_id, seq",
    [OUTBOX, "an order's events arrive in order even if a transaction with a lower number"],
  ),
  mutation(
    "orders of several events come in their turn",
    "src/outbox/read-batch.ts",
    "return one.length === two.length ? one < two : one.length < two.length;",
    "return one < two;",
    [OUTBOX, "an order of several events is delivered in its turn"],
  ),
  mutation("an order with one event is told by its changes", EVENTS, "o.changes = 1 AS", "true AS", [
    OUTBOX,
    "an order's events arrive in order even if a transaction with a lower number",
  ]),
  mutation("the only event of a rehearsal's order is not sent", "src/outbox/read-batch.ts", " || order.isRehearsal", "", [
    "test/api/rehearsals.test.ts",
    "while a rehearsal's copy sells",
  ]),
  mutation("later events of a rehearsal's order are not sent", EVENTS, "ANY($1::uuid[]) AND ${OF_NO_REHEARSAL}", "ANY($1::uuid[])", [
    "test/api/rehearsals.test.ts",
    "while a rehearsal's copy sells",
  ]),
  mutation(
    "the relay reads the events that are not of an order",
    EVENTS,
    "UNION ALL SELECT subject, seq, id, type, data, created_at, xid FROM shop_events)",
    "UNION ALL SELECT subject, seq, id, type, data, created_at, xid FROM shop_events WHERE false)",
    [SHOP_EVENTS, "events of orders and of other subjects are one stream"],
  ),
  mutation(
    "a subject's events are numbered on from its last one",
    "src/events/shop-events.ts",
    "ORDER BY p.seq DESC LIMIT 1), 0)",
    "ORDER BY p.seq LIMIT 0), 0)",
    [SHOP_EVENTS, "the events of a subject are numbered without a gap"],
  ),
  mutation("one relay holds a lease", LEASE, "(lease_owner IS NULL OR lease_owner = $2 OR lease_until < now())", "(true)", [
    OUTBOX,
    // Its second relay finds the lease held, whatever the timing.
    "a relay that dies between delivery and recording it",
  ]),
  mutation(
    "only the holder of the lease moves a position",
    LEASE,
    "WHERE name = $1 AND lease_owner = $2 AND position = $3::xid8 RETURNING name)",
    "WHERE name = $1 AND position = $3::xid8 RETURNING name)",
    [OUTBOX, "a relay that dies between delivery and recording it"],
  ),
  mutation(
    "a position moves only from the value that was read",
    LEASE,
    "AND lease_owner = $2 AND position = $3::xid8 RETURNING name)",
    "AND lease_owner = $2 RETURNING name)",
    ["test/database/lease.test.ts", "a sink's position advances only from"],
  ),
  mutation("a refused event blocks later events of its order", RETRIES, "AND p.seq < l.seq AND p.status = 'WAITING')", "AND false)", [
    OUTBOX,
    "a refused event blocks the later events of its order",
  ]),
  mutation(
    "a replay reuses the delivery's retry row",
    RETRIES,
    "           ON CONFLICT (sink, order_id, seq) DO UPDATE SET status = 'WAITING', attempts = 0, next_attempt_at = now(), delivered_at = NULL, last_error = NULL, replay = excluded.replay",
    "",
    [OUTBOX, "an event that is always refused becomes a dead letter"],
  ),
  mutation("a replay is not dropped as a repeated delivery", RETRIES, "last_error = NULL, replay = excluded.replay", "last_error = NULL", [
    REFUSED,
    "each replay reaches a sink that drops repeated deliveries",
  ]),
  mutation(
    "an event counts as refused only if the sink accepts another event",
    ISOLATE,
    "if (concernsSink(error) || (!proven && !(await this.#takesAnother(suspects, outcome, retried)))) return",
    "if (concernsSink(error)) return",
    [REFUSED, "a sink that accepts nothing is unavailable"],
  ),
  mutation("a refused event does not block other orders", ISOLATE, "(!proven && !(await this.#takesAnother(suspects, outcome, retried)))", "true", [
    REFUSED,
    "blocks no other event and becomes a dead letter",
  ]),
  mutation("only a delivered event is replayed", RETRIES, "JOIN sinks s ON e.xid <= s.position", "JOIN sinks s ON true", [
    OUTBOX,
    "a replay delivers a delivered event again",
  ]),

  mutation(
    "a job runs once at a time",
    "src/jobs/jobs.sql.ts",
    "SELECT pg_try_advisory_lock(${LOCK_CLASS}, hashtext($1)) AS locked",
    "SELECT $1 <> '' AS locked",
    ["test/database/jobs.test.ts", "operators who run one job on two instances"],
  ),
  mutation(
    "a job checks its due time under the lock",
    SCHEDULER,
    '      // Again under the lock, because another instance may have just finished the run.\n      if (dueAt !== null && !(await this.#isDue(job, dueAt))) return "done already";\n',
    "",
    ["test/database/jobs.test.ts", "a missed run is caught up once"],
  ),
  mutation("a job runs once per due time", "src/jobs/jobs.sql.ts", "slot = greatest(slot, $2::timestamptz)", "slot = slot", [
    "test/database/jobs.test.ts",
    "two instances that tick run a job once per due time",
  ]),
  mutation(
    "sales are aggregated only from before every running transaction",
    "src/popular/aggregate-sales.ts",
    "String(BigInt(oldest.xmin) - 1n)",
    "String(BigInt(oldest.xmin) + 1000n)",
    ["test/database/popular.test.ts", "a sale whose transaction commits late is counted"],
  ),
  mutation(
    "an event is aggregated once",
    POPULAR,
    "WHERE e.xid > ${after} AND e.xid <= ${upto} AND e.type IN",
    "WHERE e.xid <= ${upto} AND ${after} IS NOT NULL AND e.type IN",
    ["test/database/aggregate.test.ts", "each sale is added to its day's row"],
  ),
  mutation(
    "an aggregation adds to the sales of a day",
    POPULAR,
    "DO UPDATE SET units = s.units + excluded.units, revenue = s.revenue + excluded.revenue",
    "DO UPDATE SET units = excluded.units, revenue = excluded.revenue",
    ["test/database/aggregate.test.ts", "each sale is added to its day's row"],
  ),

  mutation("an empty key set does not replace a good one", "src/http/key-set.ts", "if (found.length === 0)", "if (false)", [
    AUTHORITY,
    "an empty or broken key set",
  ]),
  mutation(
    "only a trusted proxy's client address counts",
    "src/http/client-address.ts",
    "networks === undefined || contains(networks, address)",
    "true",
    ["test/api/client-address.test.ts", "with trusted networks the client's address is the last one"],
  ),
  mutation("only HS256 tokens are accepted with a shared secret", AUTH, 'key: secret, algorithms: ["HS256"]', "key: secret", [AUTHORITY, ""]),
  mutation("a cached token expires", AUTH, "if (seen !== undefined && seen.until > now())", "if (seen !== undefined)", [
    AUTHORITY,
    "a token that was valid is refused after its expiry",
  ]),
  mutation("a shopper's token names a user by UUID", "src/http/claims.ts", 'if (!UUID.test(subject)) refuse("UNAUTHENTICATED");', "", [
    AUTHORITY,
    "",
  ]),
  mutation("a token's issuer is checked", AUTH, '...(issuer ? ["iss"] : [])', "", [AUTHORITY, "a configured issuer and audience"]),
  mutation("a token's audience is checked", AUTH, '...(audience ? ["aud"] : [])', "", [AUTHORITY, "a configured issuer and audience"]),
  mutation("operator routes refuse shoppers", ROUTE_AUTHORITY, 'audience === "operator" || (', "(", [
    AUTHORITY,
    "operators' routes are forbidden to shoppers",
  ]),
  mutation(
    "a user's routes refuse other users",
    ROUTE_AUTHORITY,
    '(audience === "owner" && (request.params as { userId: string }).userId !== caller.id)',
    "false",
    [AUTHORITY, "another user's routes are forbidden"],
  ),
  mutation("unauthenticated requests are refused", "src/http/authentication.ts", "done(isPublic || rateLimited ? undefined : error);", "done();", [
    AUTHORITY,
    "every route that is not public requires a token",
  ]),
  mutation("no cache keeps an answer under a user's authority", "src/http/answer.ts", "if (isPersonal(request, plan)) head.push(...NO_STORE);", "", [
    "test/api/caching.test.ts",
    "an answer under a user's authority is kept by no cache",
  ]),
  mutation(
    "pages of other origins read no answer",
    "src/http/cors.ts",
    'return origin !== undefined && (this.#origins === "*" || this.#origins.has(origin));',
    "return origin !== undefined;",
    ["test/api/cors.test.ts", "a page of another origin may read none"],
  ),
  mutation(
    "a shopper cannot name another user in a body",
    "src/http/on-behalf.ts",
    'if (caller.role !== "operator" && wanted !== caller.id) refuse("FORBIDDEN");',
    "",
    [AUTHORITY, "only operators may name another user in a body"],
  ),
];
