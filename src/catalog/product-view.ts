// A product as the API shows it.

import { type Product, saleStatus, type SaleStatus, type Variant } from "./catalog.ts";

type Status = SaleStatus | "SOLD_OUT";
export type VariantView = {
  id: string;
  sku: string | null;
  name: string;
  options: Record<string, string>;
  price: number;
  stock: number;
  status: Status;
};
export type ProductView = { id: string; name: string; description: string; price: number; stock: number; status: Status; variants: VariantView[] };

/** `price` is the lowest, `stock` the sum of the variants'. */
export function productView(
  product: Pick<Product, "id" | "name" | "description" | "status">,
  variants: Pick<Variant, "id" | "sku" | "name" | "options" | "price" | "stock">[],
): ProductView {
  const stock = variants.reduce((sum, variant) => sum + variant.stock, 0);
  return {
    id: product.id,
    name: product.name,
    description: product.description,
    price: lowestPrice(variants),
    stock,
    status: saleStatus(product.status, stock),
    variants: variants.map(({ id, sku, name, options, price, stock: left }) => ({
      id,
      sku,
      name: name ?? product.name,
      options,
      price,
      stock: left,
      status: saleStatus(product.status, left),
    })),
  };
}

export function lowestPrice(variants: { price: number }[]): number {
  return variants.reduce((least, { price }) => Math.min(least, price), Number.POSITIVE_INFINITY);
}
