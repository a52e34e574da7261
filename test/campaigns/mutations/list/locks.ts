// Locks, their order and their timeouts.

import { type Mutation, mutation } from "../mutation.ts";

const TABLES = [
  ["users", "src/balance/balance.sql.ts", "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"],
  ["variants", "src/catalog/catalog.sql.ts", "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"],
  ["campaigns", "src/coupon/campaign.sql.ts", "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"],
  ["user coupons", "src/coupon/coupon.sql.ts", "WHERE uc.id = ANY($1::uuid[]) ORDER BY uc.id FOR NO KEY UPDATE OF uc", "ORDER BY uc.id"],
  ["orders", "src/order/order.sql.ts", "WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR NO KEY UPDATE", "ORDER BY o.id"],
  ["payments", "src/order/payment/payment.sql.ts", "ORDER BY p.id FOR NO KEY UPDATE", "ORDER BY p.id"],
] as const;

const STORE = "src/till/postgres-store.ts";
const CONNECTIONS = "src/till/connections.ts";

export const LOCKS: Mutation[] = [
  ...TABLES.flatMap(([table, file, where, order]) => [
    mutation(`a round locks ${table}`, file, where, where.replace(/ FOR NO KEY UPDATE.*/, ""), [
      "test/database/row-locks.test.ts",
      `a row of ${table} that another transaction holds`,
    ]),
    mutation(`a round locks ${table} in the order of their ids`, file, where, where.replace(`${order} `, ""), [
      "test/database/row-locks.test.ts",
      `rows of ${table} are locked in the order of their ids`,
    ]),
  ]),
  mutation(
    "a round locks tables in the global order",
    STORE,
    "return new Map([...tables].sort(([a], [b]) => rank(a.name) - rank(b.name)));",
    "return tables;",
    ["test/database/till-postgres.test.ts", "in the global order, not in the order of the needs"],
  ),
  {
    what: "a round locks users, and the ledger has one row per version (either suffices)",
    edits: [
      {
        file: "src/balance/balance.sql.ts",
        find: "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        put: "WHERE id = ANY($1::uuid[]) ORDER BY id",
      },
      { file: "src/database/migrations/0001-shop.sql", find: "  PRIMARY KEY (user_id, version)", put: "  CHECK (true)" },
    ],
    red: { file: "test/api/races.test.ts", tests: "against 2 instances 200 concurrent charges of one user add up" },
  },
  mutation(
    "a round locks variants against other instances",
    "src/catalog/catalog.sql.ts",
    "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
    "WHERE id = ANY($1::uuid[]) ORDER BY id",
    ["test/api/races.test.ts", "against 2 instances 400 buyers of 100 units"],
  ),
  mutation("a round takes admission locks in the order of their keys", "src/lock/postgres-lock.ts", " ORDER BY key) keys", ") keys", [
    "test/database/advisory-locks.test.ts",
    "several campaigns are locked in the order of their names",
  ]),
  mutation("a round takes admission locks", STORE, "...(admission ? [admission.statement] : []),", "", [
    "test/database/advisory-locks.test.ts",
    "a round waits for the round admitted",
  ]),
  mutation("a round waits for a lock no longer than lock_timeout", CONNECTIONS, " -c lock_timeout=${lockWaitMs}", "", [
    "test/database/till-postgres.test.ts",
    "a lock that is held too long is a LockTimeout",
  ]),
  mutation(
    "PostgreSQL ends the transaction of a hung instance",
    CONNECTIONS,
    " -c idle_in_transaction_session_timeout=${Math.max(lockWaitMs, 1000)}",
    "",
    ["test/database/till-postgres.test.ts", "the locks of an instance that hangs during a round"],
  ),
  mutation("an aggregation locks the checkpoint", "src/popular/popular.sql.ts", "name = 'aggregate-sales' FOR UPDATE", "name = 'aggregate-sales'", [
    "test/database/advisory-locks.test.ts",
    "an aggregation waits for the one before it",
  ]),
  mutation("one instance at a time migrates", "src/database/migrate.ts", 'await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);', "", [
    "test/database/advisory-locks.test.ts",
    "five concurrent migrations",
  ]),
];
