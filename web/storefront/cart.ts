// How much is in the cart, for the menu: read when somebody signs in, and again after every change of it.

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
  const left = new AbortController();
  shop.getCart({ path: { userId: userId.value }, signal: left.signal }).then(
    ({ body }) => (cartCount.value = body.cartItems.length),
    // A number in the menu is worth no message: the cart's own page says what is wrong.
    () => {},
  );
  return () => left.abort();
});
