// Carts as a whole. Turns red without: the `put` in `emptyCart`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

test("the owner empties a cart, again too, and no other shopper does", async () => {
  const [user, other] = await shop.users(2);
  for (let i = 0; i < 2; i++) good(await user!.post(`/users/${user!.id}/cart/items`, { productId: (await shop.product()).id, quantity: 2 }), 201);
  refused(await other!.delete(`/users/${user!.id}/cart`), 403, "FORBIDDEN");
  assert.equal(good(await user!.get(`/users/${user!.id}/cart`), 200).cartItems.length, 2);
  for (let i = 0; i < 2; i++) good(await user!.delete(`/users/${user!.id}/cart`), 204);
  assert.deepEqual(good(await user!.get(`/users/${user!.id}/cart`), 200), { cartItems: [], totalAmount: 0 });
});

test("the cart of an unknown user cannot be emptied", async () => {
  refused(await shop.operator.delete("/users/019aa000-0000-7000-8000-00000000dead/cart"), 404, "USER_NOT_FOUND");
});
