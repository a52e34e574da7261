import { arrayOf, columns } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { ChargeIntent } from "./charge-intent.ts";

const COLUMNS = columns({ id: "uuid", user_id: "uuid", amount: "bigint", created_at: "timestamptz", expires_at: "timestamptz" });

/** Announced charges. They never change, so they need no lock. */
export const chargeIntents: Table<ChargeIntent> = {
  name: "charge intents",
  load: (ids) => ({
    name: "read charge intents",
    text: `SELECT id, user_id AS "userId", amount, created_at AS "createdAt", expires_at AS "expiresAt" FROM charge_intents WHERE id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as ChargeIntent],
  save: (changes) => [
    {
      name: "insert charge intents",
      text: `INSERT INTO charge_intents (${COLUMNS.names}) SELECT * FROM ${COLUMNS.unnest}`,
      values: COLUMNS.arrays(changes.map(({ after }) => after)),
    },
  ],
};
