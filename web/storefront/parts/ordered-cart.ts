import { isUndecided } from "#client";
import type { Mine } from "../attempt.ts";

/**
 * Takes out of the cart what was ordered; what another device has added since stays. Done again under the same key, it takes nothing twice.
 * Errors: if the shop was not heard, so that it is asked again.
 */
export async function takeOutOfCart({ key, userId, shop }: Mine, ordered: readonly { id: string; quantity: number }[]): Promise<void> {
  try {
    const { body } = await shop.getCart({ path: { userId } });
    await Promise.all(
      ordered.map(async ({ id, quantity }) => {
        const item = body.cartItems.find((one) => one.id === id);
        if (item === undefined) return;
        const given = { path: { userId, id }, idempotencyKey: `${key}-cart-${id}` };
        try {
          if (item.quantity > quantity) await shop.setCartQuantity({ ...given, body: { quantity: item.quantity - quantity } });
          else await shop.removeFromCart(given);
        } catch (error) {
          if (isUndecided(error)) throw error;
        }
      }),
    );
  } catch (error) {
    if (isUndecided(error)) throw error;
  }
}
