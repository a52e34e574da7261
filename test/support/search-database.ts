// Searches a whole database for texts: each column of each table that can hold one.

import type { TestShop } from "./shop.ts";

/** The places, as `table.column`, in which one of these texts occurs, also as JSON, bytes or part of a longer text. */
export async function placesOf(shop: TestShop, texts: readonly string[]): Promise<string[]> {
  const { database } = shop.shop;
  const columns = await database.rows<{ table: string; column: string; type: string }>({
    name: "text columns",
    text: `SELECT c.table_name AS table, c.column_name AS column, c.udt_name AS type FROM information_schema.columns c
           JOIN information_schema.tables t USING (table_schema, table_name)
           WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.udt_name ~ '^_?(text|varchar|bpchar|json|jsonb|bytea|xml|name)$'`,
    values: [],
  });
  const found: string[] = [];
  for (const { table, column, type } of columns) {
    const isFound = type === "bytea" ? `position(convert_to(word, 'UTF8') IN "${column}")` : `position(word IN "${column}"::text)`;
    const [row] = await database.rows<{ count: number }>({
      name: `search ${table} ${column}`.slice(0, 63),
      text: `SELECT count(*)::int AS count FROM "${table}" WHERE EXISTS (SELECT FROM unnest($1::text[]) sought(word) WHERE ${isFound} > 0)`,
      values: [texts],
    });
    if ((row?.count ?? 0) > 0) found.push(`${table}.${column}`);
  }
  return found.toSorted();
}
