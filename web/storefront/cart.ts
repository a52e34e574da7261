// The number of items in the cart, for the menu. It is read after sign-in and after each change of the cart.

import { computed, effect, signal } from "@preact/signals";
import { shop } from "./api.ts";
import { session } from "./session.ts";

export const cartCount = signal(0);
const changes = signal(0);

export function cartChanged(): void {
  changes.value += 1;
}

const userId = computed(() => session.value?.userId);

effect(() => {
  void userId.value;
  cartCount.value = 0;
});

effect(() => {
  void changes.value;
  if (userId.value === undefined) return undefined;
  const controller = new AbortController();
  shop.getCart({ path: { userId: userId.value }, signal: controller.signal }).then(
    ({ body }) => (cartCount.value = body.cartItems.length),
    // A missing number in the menu needs no message: the cart page reports its own failures.
    () => {},
  );
  return () => controller.abort();
});
