// Products as the API returns them.

import { type FullProduct, type Image, lowestPrice, productStatus, saleStatus, type SaleStatus, variantStatus } from "./catalog.ts";
import type { Metadata } from "../http/metadata.ts";

type Status = SaleStatus | "SOLD_OUT";
export type VariantView = {
  id: string;
  sku: string | null;
  name: string;
  options: Record<string, string>;
  price: number;
  stock: number;
  status: Status;
  imageUrl: string | null;
  metadata: Metadata;
  version: number;
};
export type ProductView = {
  id: string;
  externalId: string | null;
  name: string;
  description: string;
  price: number;
  stock: number;
  status: Status;
  images: Image[];
  tags: string[];
  metadata: Metadata;
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
export function productView(product: FullProduct): ProductView {
  const { id, externalId, name, description, images, tags, metadata, version, variants } = product;
  const stock = variants.reduce((sum, variant) => sum + (variant.status === "ON_SALE" ? variant.stock : 0), 0);
  return {
    id,
    externalId,
    name,
    description,
    price: lowestPrice(variants),
    stock,
    status: saleStatus(productStatus(product, variants), stock),
    images,
    tags,
    metadata,
    dropId: product.dropId ?? null,
    taxFreeAmount: product.taxFreeAmount ?? 0,
    version,
    variants: variants.map((variant) => ({
      id: variant.id,
      sku: variant.sku,
      name: variant.name ?? name,
      options: variant.options,
      price: variant.price,
      stock: variant.stock,
      status: saleStatus(variantStatus(product, variant), variant.stock),
      imageUrl: variant.imageUrl,
      metadata: variant.metadata,
      version: variant.version,
    })),
  };
}

export type ShopperVariantView = Omit<VariantView, "price" | "metadata" | "version"> & { price: number | null };
export type ShopperProductView = Omit<ProductView, "externalId" | "description" | "price" | "version" | "taxFreeAmount" | "variants"> & {
  description: string | null;
  price: number | null;
  variants: ShopperVariantView[];
};

/**
 * The product for shoppers: no keys of other systems, versions and tax-free amounts; while not for sale, no more than its name and its variants'
 * names and options.
 */
export function shopperView({ id, name, description, status, variants, ...product }: ProductView): ShopperProductView {
  const isHidden = status === "NOT_FOR_SALE";
  const { imageUrl: _, ...shown } = hideUnlessForSale({ status, price: product.price, stock: product.stock, imageUrl: null });
  return {
    id,
    name,
    description: isHidden ? null : description,
    ...shown,
    images: isHidden ? [] : product.images,
    tags: isHidden ? [] : product.tags,
    metadata: isHidden ? {} : product.metadata,
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

/** Hides price, stock and image while not for sale, because they would reveal a launch. */
export function hideUnlessForSale({ status, price, stock, imageUrl }: Pick<VariantView, "price" | "stock" | "status" | "imageUrl">): {
  price: number | null;
  stock: number;
  status: Status;
  imageUrl: string | null;
} {
  return status === "NOT_FOR_SALE" ? { price: null, stock: 0, status, imageUrl: null } : { price, stock, status, imageUrl };
}
