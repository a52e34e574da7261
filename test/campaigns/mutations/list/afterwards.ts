// What comes after the commit: the outbox, the jobs, the statistics. And who may come in at all.

import { type Mutation, mutation } from "../mutation.ts";

const OUTBOX = "test/database/outbox.test.ts";
const AUTHORITY = "test/api/authorization.test.ts";
const EVENTS = "src/outbox/outbox.sql.ts";
const LEASE = "src/outbox/lease.sql.ts";
const LETTERS = "src/outbox/retries.sql.ts";
const ISOLATE = "src/outbox/isolate.ts";
const REFUSED = "test/database/refused-events.test.ts";
const SCHEDULER = "src/jobs/scheduler.ts";
const POPULAR = "src/popular/popular.sql.ts";
const AUTH = "src/http/tokens.ts";
const ROUTE = "src/http/route.ts";

export const AFTERWARDS: Mutation[] = [
  mutation(
    "that only what is older than every running transaction is read",
    EVENTS,
    " AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER",
    " ORDER",
    [OUTBOX, "the events of a transaction that commits late"],
  ),
  mutation("the order of the transactions' numbers", EVENTS, "ORDER BY e.xid LIMIT $2", "ORDER BY e.xid::text LIMIT $2", [
    OUTBOX,
    "transactions are read in the numeric order",
  ]),
  mutation(
    "that an event waits for those before it",
    EVENTS,
    "WHERE due > $2::xid8 AND due <= $3::xid8 ORDER BY due, order_id, seq",
    "WHERE xid > $2::xid8 AND xid <= $3::xid8 ORDER BY xid, order_id, seq",
    [OUTBOX, "an order's events arrive in order even if a transaction with a lower number"],
  ),
  mutation("that a lease is one relay's", LEASE, "(lease_owner IS NULL OR lease_owner = $2 OR lease_until < now())", "(true)", [
    OUTBOX,
    "two relays on one database",
  ]),
  mutation(
    "that a position is moved by who holds the lease",
    LEASE,
    "WHERE name = $1 AND lease_owner = $2 AND position = $3::xid8 RETURNING name)",
    "WHERE name = $1 AND position = $3::xid8 RETURNING name)",
    [OUTBOX, "a relay that dies between delivery and recording it"],
  ),
  mutation(
    "that a position is moved from where it was",
    LEASE,
    "AND lease_owner = $2 AND position = $3::xid8 RETURNING name)",
    "AND lease_owner = $2 RETURNING name)",
    ["test/database/lease.test.ts", "a sink's position advances only from"],
  ),
  mutation("that a refused event holds up its order", LETTERS, "AND p.seq < l.seq AND p.status = 'WAITING')", "AND false)", [
    OUTBOX,
    "a refused event blocks the later events of its order",
  ]),
  mutation(
    "that a replay is one letter",
    LETTERS,
    "           ON CONFLICT (sink, order_id, seq) DO UPDATE SET status = 'WAITING', attempts = 0, next_attempt_at = now(), delivered_at = NULL, last_error = NULL, replay = excluded.replay",
    "",
    [OUTBOX, "an event that is always refused becomes a dead letter"],
  ),
  mutation("that a replay is no repetition", LETTERS, "last_error = NULL, replay = excluded.replay", "last_error = NULL", [
    REFUSED,
    "each replay reaches a sink that drops repeated deliveries",
  ]),
  mutation(
    "that an event is refused only if the sink takes others",
    ISOLATE,
    "if (concernsSink(error) || (!proven && !(await this.#takesAnother(suspects, outcome, retried)))) return",
    "if (concernsSink(error)) return",
    [REFUSED, "a sink that accepts nothing is unavailable"],
  ),
  mutation("that a refused event holds up no other order", ISOLATE, "(!proven && !(await this.#takesAnother(suspects, outcome, retried)))", "true", [
    REFUSED,
    "blocks no other event and becomes a dead letter",
  ]),
  mutation("that what was not delivered is not replayed", LETTERS, "JOIN sinks s ON e.xid <= s.position", "JOIN sinks s ON true", [
    OUTBOX,
    "a replay delivers a delivered event again",
  ]),

  mutation(
    "that a job runs once at a time",
    "src/jobs/jobs.sql.ts",
    "SELECT pg_try_advisory_lock(${LOCK_CLASS}, hashtext($1)) AS locked",
    "SELECT $1 <> '' AS locked",
    ["test/database/jobs.test.ts", "operators who run one job on two instances"],
  ),
  mutation(
    "that a slot is looked at under the lock",
    SCHEDULER,
    '      // Again under the lock, because another instance may have just finished the run.\n      if (dueAt !== null && !(await this.#isDue(job, dueAt))) return "done already";\n',
    "",
    ["test/database/jobs.test.ts", "a missed run is caught up once"],
  ),
  mutation("that a slot which was done is over", "src/jobs/jobs.sql.ts", "slot = greatest(slot, $2::timestamptz)", "slot = slot", [
    "test/database/jobs.test.ts",
    "two instances that tick run a job once per due time",
  ]),
  mutation(
    "that sales are counted behind every running transaction",
    "src/popular/aggregate-sales.ts",
    "String(BigInt(oldest.xmin) - 1n)",
    "String(BigInt(oldest.xmin) + 1000n)",
    ["test/database/popular.test.ts", "a sale whose transaction commits late is counted"],
  ),
  mutation(
    "that sales are counted once",
    POPULAR,
    "WHERE e.xid > $1::xid8 AND e.xid <= $2::xid8 AND e.type IN",
    "WHERE $1 <> '' AND e.xid <= $2::xid8 AND e.type IN",
    ["test/database/aggregate.test.ts", "each sale is added to its day's row"],
  ),
  mutation(
    "that sales of a day are added to",
    POPULAR,
    "DO UPDATE SET units = s.units + excluded.units, revenue = s.revenue + excluded.revenue",
    "DO UPDATE SET units = excluded.units, revenue = excluded.revenue",
    ["test/database/aggregate.test.ts", "each sale is added to its day's row"],
  ),

  mutation("that an issuer's empty key set replaces no good one", "src/http/key-set.ts", "if (found.length === 0)", "if (false)", [
    AUTHORITY,
    "an empty or broken key set",
  ]),
  mutation("that only a proxy is believed", "src/http/client-address.ts", "networks === undefined || contains(networks, address)", "true", [
    "test/api/client-address.test.ts",
    "with trusted networks the client's address is the last one",
  ]),
  mutation("which algorithm a token is signed with", AUTH, 'algorithms: ["HS256"], ', "", [AUTHORITY, ""]),
  mutation("how long a token is good for", AUTH, "if (seen && seen.until > now()) return seen;", "if (seen) return seen;", [
    AUTHORITY,
    "a token that was valid is refused after its expiry",
  ]),
  mutation("that a shopper is a user", AUTH, 'if (role === "shopper" && !UUID.test(sub)) refuse("UNAUTHENTICATED");', "", [AUTHORITY, ""]),
  mutation("which roles there are", AUTH, ' || (role !== "shopper" && role !== "operator")', "", [AUTHORITY, ""]),
  mutation("who issued a token", AUTH, '...(issuer ? ["iss"] : [])', "", [AUTHORITY, "a configured issuer and audience"]),
  mutation("whom a token is for", AUTH, '...(audience ? ["aud"] : [])', "", [AUTHORITY, "a configured issuer and audience"]),
  mutation("that operators' routes are operators'", ROUTE, 'if (audience === "operator") refuse("FORBIDDEN");', "", [
    AUTHORITY,
    "operators' routes are forbidden to shoppers",
  ]),
  mutation(
    "that a user's routes are the user's",
    ROUTE,
    'if (audience === "owner" && (request.params as { userId: string }).userId !== caller.id) refuse("FORBIDDEN");',
    "",
    [AUTHORITY, "another user's routes are forbidden"],
  ),
  mutation("that strangers are turned away", "src/http/authentication.ts", "done(request.authenticationError ?? undefined);", "done();", [
    AUTHORITY,
    "every route that is not public requires a token",
  ]),
  mutation(
    "in whose name a body speaks",
    "src/http/on-behalf.ts",
    'if (caller.role !== "operator" && wanted !== caller.id) refuse("FORBIDDEN");',
    "",
    [AUTHORITY, "only operators may name another user in a body"],
  ),
];
