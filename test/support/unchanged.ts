import assert from "node:assert/strict";
import { type Answer, type Client, type TestShop, withoutRequestId } from "./shop.ts";

/** Users, products and campaigns that a refusal must not change. */
export type Subjects = { users?: Pick<Client, "id">[]; products?: { id: string }[]; campaigns?: { id: string }[] };

/** Runs `work` and asserts that the balances, ledgers, carts, coupons and orders of these users, these products and campaigns, and the list of all orders are unchanged. */
export async function unchanged(shop: TestShop, subjects: Subjects, work: () => Promise<Answer>): Promise<Answer> {
  const before = await stateOf(shop, subjects);
  const response = await work();
  assert.deepEqual(await stateOf(shop, subjects), before, "a refused request changed data");
  return response;
}

async function stateOf({ operator }: TestShop, { users = [], products = [], campaigns = [] }: Subjects): Promise<Record<string, unknown>> {
  const paths = [
    "/admin/orders?limit=100",
    ...users.flatMap(({ id }) =>
      ["balance", "balance/transactions?limit=100", "cart", "coupons?status=ALL&limit=100", "orders?limit=100"].map((path) => `/users/${id}/${path}`),
    ),
    ...products.map(({ id }) => `/products/${id}`),
    ...campaigns.map(({ id }) => `/coupons/${id}`),
  ];
  const answers = await Promise.all(paths.map((path) => operator.get(path)));
  return Object.fromEntries(paths.map((path, i) => [path, { status: answers[i]?.status, body: withoutRequestId(answers[i]?.text ?? "") }]));
}
