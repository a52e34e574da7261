// Drops for the bench: opened over the API, as an operator does, and filled with SQL.

import type pg from "pg";
import { sqlId } from "./ids.ts";

export type BenchDrop = { id: string; variantId: string };
type Target = { url: string; operator: string };

/** A product with `stock` units, in a drop with these terms, which is open. */
export async function openDrop(target: Target, stock: number, terms: Record<string, unknown>): Promise<BenchDrop> {
  const product = (await send(target, "POST", "/admin/products", { name: "a drop's product", price: 1000, stock })) as {
    id: string;
    variants: { id: string }[];
  };
  const opensAt = new Date(Date.now() - 1000).toISOString();
  const drop = (await send(target, "POST", "/admin/drops", { name: "a drop", productId: product.id, limitPerCustomer: 1, opensAt, ...terms })) as {
    id: string;
  };
  return { id: drop.id, variantId: product.variants[0]?.id ?? "" };
}

export async function closeAt(target: Target, { id }: BenchDrop, closesAt: number): Promise<void> {
  await send(target, "PATCH", `/admin/drops/${id}`, { closesAt: new Date(closesAt).toISOString() });
}

/** When the draw was made, in ms; null before. */
export async function drawnAt(target: Target, { id }: BenchDrop): Promise<number | null> {
  const { drawnAt: at } = (await send(target, "GET", `/drops/${id}/draw`)) as { drawnAt: string | null };
  return at === null ? null : Date.parse(at);
}

/** Writes waiting entries of one unit each. The n-th entry is the n-th user's. */
export async function fillLine(client: pg.ClientBase, { id, variantId }: BenchDrop, count: number): Promise<void> {
  const user = sqlId("user", "(n - 1)");
  await client.query("BEGIN");
  await client.query(
    `INSERT INTO drop_entries (drop_id, number, id, user_id, person, variant_id, quantity, status, created_at)
     SELECT $1, n, gen_random_uuid(), ${user}, (${user})::text, $2, 1, 'WAITING', now() FROM generate_series(1, ${count}) n`,
    [id, variantId],
  );
  await client.query(
    `INSERT INTO drop_people (drop_id, person, units, most, entry) SELECT $1, (${user})::text, 1, 1, n FROM generate_series(1, ${count}) n`,
    [id],
  );
  await client.query("UPDATE drops SET number = $2 WHERE id = $1", [id, count]);
  await client.query("COMMIT");
  await client.query("VACUUM ANALYZE drop_entries, drop_people");
}

async function send({ url, operator }: Target, method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${operator}`, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const response = await fetch(new URL(path, url), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
