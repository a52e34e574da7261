// An item of a cart as the API shows it.

import { saleStatus, type SaleStatus } from "../catalog/catalog.ts";
import { shopperFigures } from "../catalog/product-view.ts";
import type { CartItem } from "./cart.ts";

/** `unitPrice` in minor units, null while it is not for sale; `stock` and `status` as they are now. */
export type CartItemView = {
  id: string;
  productId: string;
  variantId: string;
  name: string;
  unitPrice: number | null;
  quantity: number;
  stock: number;
  status: ReturnType<typeof saleStatus>;
};

/** Shows of the article what its product's page shows to shoppers. */
export function cartItemView(
  { id, productId, variantId, quantity }: Omit<CartItem, "createdAt">,
  article: { name: string; price: number; stock: number; status: SaleStatus },
): CartItemView {
  const { price, stock, status } = shopperFigures({ ...article, status: saleStatus(article.status, article.stock) });
  return { id, productId, variantId, name: article.name, unitPrice: price, quantity, stock, status };
}
