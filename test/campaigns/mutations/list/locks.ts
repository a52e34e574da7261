// Locks, their order and their timeouts.

import { type Mutation, mutation } from "../mutation.ts";

const TABLES = [
  ["users", "src/balance/balance.sql.ts", "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"],
  ["variants", "src/catalog/catalog.sql.ts", "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"],
  ["campaigns", "src/coupon/coupon.sql.ts", "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"],
  ["user coupons", "src/coupon/coupon.sql.ts", "WHERE uc.id = ANY($1::uuid[]) ORDER BY uc.id FOR NO KEY UPDATE OF uc", "ORDER BY uc.id"],
  ["orders", "src/order/order.sql.ts", "WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR NO KEY UPDATE", "ORDER BY o.id"],
  [
    "payments",
    "src/order/payment/payment.sql.ts",
    "WHERE p.order_id = ANY($1::uuid[]) AND p.status <> 'FAILED' ORDER BY p.id FOR NO KEY UPDATE",
    "ORDER BY p.id",
  ],
] as const;

const STORE = "src/till/postgres-store.ts";

export const LOCKS: Mutation[] = [
  ...TABLES.flatMap(([table, file, where, order]) => [
    mutation(`a round locks ${table}`, file, where, where.replace(/ FOR NO KEY UPDATE.*/, ""), [
      "test/database/row-locks.test.ts",
      `${table} is locked: whoever`,
    ]),
    mutation(`a round locks ${table} in the order of their ids`, file, where, where.replace(`${order} `, ""), [
      "test/database/row-locks.test.ts",
      `${table} is locked by id`,
    ]),
  ]),
  mutation(
    "a round locks tables in the global order",
    STORE,
    "return new Map([...shelves].sort(([a], [b]) => rank(a.name) - rank(b.name)));",
    "return tables;",
    ["test/database/till-postgres.test.ts", "in the global order, whatever the order of the needs"],
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
    red: { file: "test/api/races.test.ts", tests: "against 2 instances 200 charges at once add up" },
  },
  mutation(
    "a round locks variants against other instances",
    "src/catalog/catalog.sql.ts",
    "WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
    "WHERE id = ANY($1::uuid[]) ORDER BY id",
    ["test/api/races.test.ts", "against 2 instances 100 in stock and 400 buyers"],
  ),
  mutation("a round takes admission locks in the order of their keys", "src/lock/first-come.ts", " ORDER BY key) keys", ") keys", [
    "test/database/advisory-locks.test.ts",
    "several campaigns are taken by name",
  ]),
  mutation("a round takes admission locks", STORE, "...(admission ? [admission.statement] : []),", "", [
    "test/database/advisory-locks.test.ts",
    "a round waits for who was admitted",
  ]),
  mutation("a round waits for a lock no longer than lock_timeout", STORE, " -c lock_timeout=${lockWaitMs}", "", [
    "test/database/till-postgres.test.ts",
    "that somebody holds too long are a LockTimeout",
  ]),
  mutation("PostgreSQL ends the transaction of a hung instance", STORE, " -c idle_in_transaction_session_timeout=${Math.max(lockWaitMs, 1000)}", "", [
    "test/database/till-postgres.test.ts",
    "of an instance that hangs in the middle of a round are let go",
  ]),
  mutation("an aggregation locks the checkpoint", "src/popular/popular.sql.ts", "name = 'aggregate-sales' FOR UPDATE", "name = 'aggregate-sales'", [
    "test/database/advisory-locks.test.ts",
    "an aggregation reads how far",
  ]),
  mutation("one instance at a time migrates", "src/database/migrate.ts", 'await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);', "", [
    "test/database/advisory-locks.test.ts",
    "five that migrate",
  ]),
];
