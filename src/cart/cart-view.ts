// An item of a cart as the API returns it.

import { saleStatus, type SaleStatus } from "../catalog/catalog.ts";
import { hideUnlessForSale } from "../catalog/product-view.ts";
import type { CartItem } from "./cart.ts";

/** `unitPrice` in minor units, null while not for sale; `stock` and `status` are current. */
export type CartItemView = {
  id: string;
  productId: string;
  variantId: string;
  name: string;
  unitPrice: number | null;
  quantity: number;
  stock: number;
  status: ReturnType<typeof saleStatus>;
  imageUrl: string | null;
  /** The drop by whose rules the product is sold. */
  dropId: string | null;
  limitPerCustomer: number | null;
};

/** Shows price, stock and status of the variant as its product's page does. */
export function cartItemView(
  { id, productId, variantId, quantity }: Omit<CartItem, "createdAt">,
  variant: { name: string; price: number; stock: number; status: SaleStatus; imageUrl: string | null },
  { dropId, limitPerCustomer }: Pick<CartItemView, "dropId" | "limitPerCustomer">,
): CartItemView {
  const { price, stock, status, imageUrl } = hideUnlessForSale({ ...variant, status: saleStatus(variant.status, variant.stock) });
  return {
    id,
    productId,
    variantId,
    name: variant.name,
    unitPrice: price,
    quantity,
    stock,
    status,
    imageUrl,
    dropId,
    limitPerCustomer,
  };
}
