import { uuidArray } from "../database/binary-arrays.ts";
import { containingEach, inOrder, iso, timestampArray, LAST_ID, arrayOf, textArray, type Statement, updateInPlace } from "../database/statement.ts";
import type { Metadata } from "../http/metadata.ts";
import type { Change, Journal, Table } from "../till/table.ts";
import type { Member, Transaction, Wallet } from "./balance.ts";

/** Wallets, locked. A user's wallet is part of the user's row, so a new user has an empty one. */
export const users: Table<Wallet> = {
  name: "users",
  load: (ids) => ({
    name: "lock users",
    text: `SELECT id, balance, version, rehearsal_id AS "rehearsalId", erased_at IS NOT NULL AS erased FROM users WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [uuidArray(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Wallet],
  save(changes) {
    const inserted = changes.filter((change) => change.before === undefined);
    const updated = changes.filter((change) => change.before !== undefined);
    return [...(inserted.length > 0 ? [insertUsers(inserted)] : []), ...(updated.length > 0 ? [updateWallets(updated)] : [])];
  },
};

function insertUsers(changes: Change<Wallet>[]): Statement {
  return {
    name: "insert users",
    text: `INSERT INTO users (id, name, external_id, balance, version, created_at, rehearsal_id, metadata)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::timestamptz[], $7::uuid[], $8::jsonb[])`,
    values: [
      uuidArray(changes, ({ key }) => key),
      textArray(changes, ({ after }) => after.created?.name),
      textArray(changes, ({ after }) => after.created?.externalId),
      arrayOf(changes, ({ after }) => after.balance),
      arrayOf(changes, ({ after }) => after.version),
      timestampArray(changes, ({ after }) => after.created?.createdAt),
      uuidArray(changes, ({ after }) => after.rehearsalId),
      textArray(changes, ({ after }) => jsonOrNull(after.created?.metadata)),
    ],
  };
}

/** Empty metadata takes no room. */
function jsonOrNull(metadata: Metadata = {}): string | null {
  return Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata);
}

const UPDATE_WALLETS = updateInPlace("users", { balance: "bigint", version: "int" });

function updateWallets(changes: Change<Wallet>[]): Statement {
  const sorted = inOrder(changes);
  return {
    name: "update wallets",
    text: UPDATE_WALLETS,
    values: [uuidArray(sorted, ({ key }) => key), arrayOf(sorted, ({ after }) => after.balance), arrayOf(sorted, ({ after }) => after.version)],
    rows: sorted.length,
  };
}

/** Users, for commands that do not touch the wallet. A user is never deleted and never changes rehearsals, so no lock is needed; a command that must not run beside an erasure locks a row that erasing locks. */
export const members: Table<Member> = {
  name: "members",
  load: (ids) => ({
    name: "read members",
    text: `SELECT id, rehearsal_id AS "rehearsalId", erased_at IS NOT NULL AS erased FROM users WHERE id = ANY($1::uuid[])`,
    values: [uuidArray(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, { rehearsalId: row["rehearsalId"] as string | null, erased: row["erased"] as boolean }],
  save: () => [],
};

/** User ids by external id. The table's UNIQUE constraint decides if two rounds insert the same one at once. */
export const externalIds: Table<string> = {
  name: "external ids",
  load: (ids) => ({
    name: "read external ids",
    text: "SELECT id, external_id FROM users WHERE external_id = ANY($1::text[])",
    values: [textArray(ids, (id) => id)],
  }),
  read: (row) => [row["external_id"] as string, row["id"] as string],
  save: () => [],
};

export const ledger: Journal<Transaction> = {
  name: "balance transactions",
  append: (rows) => (areOrderPayments(rows) ? insertOrderPayments(rows) : insertTransactions(rows)),
};

/** Whether all rows are payments for orders at one instant, as in nearly all rounds of a rush. */
function areOrderPayments(rows: Transaction[]): boolean {
  const at = rows[0]?.createdAt;
  return rows.every(
    ({ type, reason, customerReason, createdAt }) => type === "PAYMENT" && reason === null && customerReason === null && createdAt === at,
  );
}

/** Sends the values that all rows share once: parsing costs the database as much as inserting. */
function insertOrderPayments(rows: Transaction[]): Statement {
  return {
    name: "insert payments for orders",
    text: `INSERT INTO balance_transactions (user_id, version, id, amount, balance_after, order_id, type, status, created_at)
           SELECT *, 'PAYMENT', 'COMPLETED', $7::timestamptz FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::bigint[], $5::bigint[], $6::uuid[])`,
    values: [
      uuidArray(rows, (row) => row.userId),
      arrayOf(rows, (row) => row.version),
      uuidArray(rows, (row) => row.id),
      arrayOf(rows, (row) => row.amount),
      arrayOf(rows, (row) => row.balanceAfter),
      uuidArray(rows, (row) => row.orderId),
      iso((rows[0] as Transaction).createdAt),
    ],
  };
}

function insertTransactions(rows: Transaction[]): Statement {
  return {
    name: "insert balance transactions",
    text: `INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, order_id, reason, customer_reason, created_at)
           SELECT user_id, version, id, type, 'COMPLETED', amount, balance_after, order_id, reason, customer_reason, created_at
           FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::uuid[], $8::text[], $9::text[], $10::timestamptz[])
             v(user_id, version, id, type, amount, balance_after, order_id, reason, customer_reason, created_at)`,
    values: [
      uuidArray(rows, (row) => row.userId),
      arrayOf(rows, (row) => row.version),
      uuidArray(rows, (row) => row.id),
      arrayOf(rows, (row) => row.type),
      arrayOf(rows, (row) => row.amount),
      arrayOf(rows, (row) => row.balanceAfter),
      uuidArray(rows, (row) => row.orderId),
      textArray(rows, (row) => row.reason),
      textArray(rows, (row) => row.customerReason),
      timestampArray(rows, (row) => row.createdAt),
    ],
  };
}

/** Transactions before a wallet version, newest first. */
export function selectTransactions(userId: string, before: number | null, limit: number): Statement {
  return {
    name: "select balance transactions",
    text: `SELECT id, version, type, status, amount, balance_after, order_id, reason, customer_reason, created_at FROM balance_transactions
           WHERE user_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3`,
    values: [userId, before ?? 2_147_483_647, limit],
  };
}

export function selectWallets(ids: string[]): Statement {
  return { name: "select wallets", text: "SELECT id, balance, version FROM users WHERE id = ANY($1::uuid[])", values: [uuidArray(ids, (id) => id)] };
}

const USER = `id, name, external_id AS "externalId", coalesce(metadata, '{}') AS metadata`;

export function selectUser(id: string): Statement {
  return { name: "select user", text: `SELECT ${USER} FROM users WHERE id = $1`, values: [id] };
}

/** The rehearsal whose buyer a user is, or null. */
export function selectRehearsalOf(id: string): Statement {
  return { name: "select rehearsal of user", text: `SELECT rehearsal_id AS "rehearsalId" FROM users WHERE id = $1`, values: [id] };
}

/** A user as operators read it; `erasedAt` in ms. */
export type UserRecord = { id: string; name: string; externalId: string | null; metadata: Metadata; balance: number; erasedAt: number | null };

const USER_RECORD = `${USER}, balance, erased_at AS "erasedAt"`;

export function selectUserWithBalance(id: string): Statement {
  return { name: "select user with balance", text: `SELECT ${USER_RECORD} FROM users WHERE id = $1`, values: [id] };
}

/** `search`: words, each of which must occur in the name or the external id; blank for all. `externalId`: byte for byte; null for all. */
export type UserFilter = { search: string; externalId: string | null };

/** Users before this id, newest first. Buyers of rehearsals are found only by a search that begins with `rehearsal-`. */
export function selectUserPage(before: string | null, limit: number, { search, externalId }: UserFilter): Statement {
  const patterns = containingEach(search);
  const where = ["id < $1::uuid"];
  const values: unknown[] = [before ?? LAST_ID, limit];
  const add = (condition: (parameter: string) => string, value: unknown): void => void where.push(condition(`$${values.push(value)}`));
  if (patterns !== null)
    add(
      (words) =>
        `NOT EXISTS (SELECT FROM unnest(${words}::text[]) pattern WHERE name NOT ILIKE pattern AND coalesce(normalize(external_id, NFC), '') NOT ILIKE pattern)`,
      patterns,
    );
  if (externalId !== null) add((id) => `external_id = ${id}`, externalId);
  if (!search.toLowerCase().startsWith("rehearsal-")) where.push("rehearsal_id IS NULL");
  return {
    name: `select user page ${where.length} ${patterns !== null} ${externalId !== null}`,
    text: `SELECT ${USER_RECORD} FROM users WHERE ${where.join(" AND ")} ORDER BY id DESC LIMIT $2`,
    values,
  };
}
