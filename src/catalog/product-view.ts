// Products as the API returns them.

import { lowestPrice, type Product, productStatus, saleStatus, type SaleStatus, type Variant, variantStatus } from "./catalog.ts";

type Status = SaleStatus | "SOLD_OUT";
export type VariantView = {
  id: string;
  sku: string | null;
  name: string;
  options: Record<string, string>;
  price: number;
  stock: number;
  status: Status;
  version: number;
};
export type ProductView = {
  id: string;
  name: string;
  description: string;
  price: number;
  stock: number;
  status: Status;
  dropId: string | null;
  /** The part of a unit's price that is exempt from value-added tax. */
  taxFreeAmount: number;
  version: number;
  variants: VariantView[];
};

/**
 * The product for operators. `price` is the lowest price of the variants on sale, or of all if none
 * is; `stock` is the sum of those on sale.
 */
export function productView(
  product: Pick<Product, "id" | "name" | "description" | "status" | "dropId" | "version" | "taxFreeAmount">,
  variants: Omit<Variant, "productId" | "position">[],
): ProductView {
  const stock = variants.reduce((sum, variant) => sum + (variant.status === "ON_SALE" ? variant.stock : 0), 0);
  return {
    id: product.id,
    name: product.name,
    description: product.description,
    price: lowestPrice(variants),
    stock,
    status: saleStatus(productStatus(product, variants), stock),
    dropId: product.dropId ?? null,
    taxFreeAmount: product.taxFreeAmount ?? 0,
    version: product.version,
    variants: variants.map(({ id, sku, name, options, price, stock: variantStock, version, ...variant }) => ({
      id,
      sku,
      name: name ?? product.name,
      options,
      price,
      stock: variantStock,
      status: saleStatus(variantStatus(product, variant), variantStock),
      version,
    })),
  };
}

export type ShopperVariantView = Omit<VariantView, "price" | "version"> & { price: number | null };
export type ShopperProductView = Omit<ProductView, "description" | "price" | "version" | "taxFreeAmount" | "variants"> & {
  description: string | null;
  price: number | null;
  variants: ShopperVariantView[];
};

/** The product for shoppers: no versions and tax-free amounts; no description, prices and stock while not for sale. */
export function shopperView({ id, name, description, status, variants, ...product }: ProductView): ShopperProductView {
  return {
    id,
    name,
    description: status === "NOT_FOR_SALE" ? null : description,
    ...hideUnlessForSale({ status, price: product.price, stock: product.stock }),
    dropId: product.dropId,
    variants: variants.map((variant) => ({
      id: variant.id,
      sku: variant.sku,
      name: variant.name,
      options: variant.options,
      ...hideUnlessForSale(variant),
    })),
  };
}

/** Hides price and stock while not for sale, because they would reveal a launch. */
export function hideUnlessForSale({ status, price, stock }: Pick<VariantView, "price" | "stock" | "status">): {
  price: number | null;
  stock: number;
  status: Status;
} {
  return status === "NOT_FOR_SALE" ? { price: null, stock: 0, status } : { price, stock, status };
}
