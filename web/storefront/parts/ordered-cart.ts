import { isUndecided } from "#client";
import { settleAll } from "../../shared/settle-all.ts";
import type { ActionContext } from "../attempt.ts";

export type OrderedItem = { id: string; quantity: number };

/**
 * Removes ordered items from the cart. Units that another device added stay. A repeat with the same key removes nothing twice: the shop
 * answers it from its idempotency records, or refuses a request that differs.
 * A refusal is ignored, because the order is placed and the item is gone or was changed by the user.
 * Errors: no response from the shop; the caller repeats the whole action.
 */
export async function removeOrderedItems({ key, userId, shop }: ActionContext, ordered: readonly OrderedItem[]): Promise<void> {
  try {
    const { body } = await shop.getCart({ path: { userId } });
    await settleAll(
      ordered.map(async ({ id, quantity }) => {
        const item = body.cartItems.find((cartItem) => cartItem.id === id);
        if (item === undefined) return;
        const request = { path: { userId, id }, idempotencyKey: `${key}-cart-${id}` };
        await ignoreRefusal(
          item.quantity > quantity
            ? shop.setCartQuantity({ ...request, body: { quantity: item.quantity - quantity } })
            : shop.removeFromCart(request),
        );
      }),
    );
  } catch (error) {
    if (isUndecided(error)) throw error;
  }
}

async function ignoreRefusal(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (isUndecided(error)) throw error;
  }
}
