/** An item of a user's cart. A cart reserves nothing. */
export type CartItem = { id: string; productId: string; variantId: string; quantity: number; createdAt: number };

/** Items per cart. */
export const CART_MAX = 2000;
