import { createHash } from "node:crypto";
import { arrayOf } from "../database/statement.ts";
import type { Table } from "../till/table.ts";

/** Amounts that named batches have granted. The lock on the user's wallet guards them, so a command reads them only for users that it locks. */
export const batchGrants: Table<number> = {
  name: "batch grants",
  load: (keys) => ({
    name: "read batch grants",
    text: "SELECT key, amount FROM batch_grants WHERE key = ANY($1::text[])",
    values: [arrayOf(keys, (key) => key)],
  }),
  read: (row) => [row["key"] as string, row["amount"] as number],
  save: (changes) => [
    {
      name: "insert batch grants",
      text: "INSERT INTO batch_grants (key, amount) SELECT * FROM unnest($1::text[], $2::bigint[])",
      values: [arrayOf(changes, ({ key }) => key), arrayOf(changes, ({ after }) => after)],
    },
  ],
};

/** Identifies a grant by batch, user and reason. The amount is left out, so a corrected amount never pays twice. */
export function batchGrantKey(batch: string, userId: string, reason: string): string {
  const meaning = JSON.stringify([batch.normalize("NFC").trim(), userId, reason.normalize("NFC").trim()]);
  return createHash("sha256").update(meaning).digest("base64url");
}
