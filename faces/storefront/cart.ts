// How much is in the cart, for the menu: read when somebody signs in, and again after every change of it.

import { effect, signal } from "@preact/signals";
import { shop } from "./api.ts";
import { session } from "./session.ts";

export const cartCount = signal(0);
const changes = signal(0);

export function cartChanged(): void {
  changes.value += 1;
}

effect(() => {
  const userId = session.value?.userId;
  void changes.value;
  if (userId === undefined) {
    cartCount.value = 0;
    return undefined;
  }
  const left = new AbortController();
  shop.getCart({ path: { userId }, signal: left.signal }).then(
    ({ body }) => (cartCount.value = body.cartItems.length),
    // A number in the menu is worth no message: the cart's own page says what is wrong.
    () => {},
  );
  return () => left.abort();
});
