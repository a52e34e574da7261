import assert from "node:assert/strict";
import type { Answer, Client, TestShop } from "./shop.ts";

/** What a refusal must leave alone. */
export type Things = { users?: Pick<Client, "id">[]; products?: { id: string }[]; campaigns?: { id: string }[] };

/** Does `work`, and finds balance, ledger, cart, coupons and orders of these users, these products and campaigns, and the shop's orders as they were. */
export async function unchanged(shop: TestShop, things: Things, work: () => Promise<Answer>): Promise<Answer> {
  const before = await stateOf(shop, things);
  const answer = await work();
  assert.deepEqual(await stateOf(shop, things), before, "something has changed");
  return answer;
}

async function stateOf({ operator }: TestShop, { users = [], products = [], campaigns = [] }: Things): Promise<Record<string, unknown>> {
  const paths = [
    "/admin/orders?limit=100",
    ...users.flatMap(({ id }) =>
      ["balance", "balance/transactions?limit=100", "cart", "coupons?status=ALL&limit=100", "orders?limit=100"].map((path) => `/users/${id}/${path}`),
    ),
    ...products.map(({ id }) => `/products/${id}`),
    ...campaigns.map(({ id }) => `/coupons/${id}`),
  ];
  const answers = await Promise.all(paths.map((path) => operator.get(path)));
  return Object.fromEntries(paths.map((path, i) => [path, { status: answers[i]?.status, body: answers[i]?.body }]));
}
