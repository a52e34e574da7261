// Attacks on the operations by which another system keeps the catalog.

import { randomUUID } from "node:crypto";
import { type Client, good, type TestShop } from "../../support/shop.ts";
import type { Attack } from "./attacks.ts";

const once = (): number => 1;

async function variantsOf(shop: TestShop, { id }: { id: string }): Promise<{ id: string; name: string; stock: number }[]> {
  return good(await shop.anyone("GET", `/products/${id}`), 200).variants;
}

async function countByKey(operator: Client, externalId: string): Promise<number> {
  return good(await operator.get(`/admin/products?externalId=${externalId}`), 200).products.length;
}

export const CATALOG_ATTACKS: Attack[] = [
  {
    operationId: "addVariant",
    async prepare(shop) {
      const product = await shop.product();
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/products/${product.id}/variants`,
        body: { options: { size: "M" }, price: 1, stock: 1 },
        // Options distinguish variants.
        maxSuccesses: 1,
        codes: ["INVALID_REQUEST"],
        effects: async () => (await variantsOf(shop, product)).length - 1,
      };
    },
  },
  {
    operationId: "editVariant",
    async prepare(shop) {
      const product = await shop.product();
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/variants/${product.variants[0]?.id}`,
        body: { price: 7, version: 0 },
        maxSuccesses: 1,
        codes: ["VERSION_CONFLICT"],
        effects: async () => good(await shop.operator.get(`/products/${product.id}`), 200).version,
      };
    },
  },
  {
    operationId: "putProduct",
    async prepare(shop, copies) {
      const externalId = randomUUID();
      return {
        as: shop.operator,
        method: "PUT",
        path: `/admin/products/by-external-id/${externalId}`,
        body: { name: "사과", price: 1, stock: 1 },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => countByKey(shop.operator, externalId),
      };
    },
  },
  {
    operationId: "changeStock",
    async prepare(shop) {
      const [one, other] = [await shop.product({ stock: 10 }), await shop.product({ stock: 10 })];
      const changes = [one, other].map(({ variants }) => ({ variantId: variants[0]?.id, delta: -3, reason: "r" }));
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/stock",
        body: { changes },
        maxSuccesses: 3,
        codes: ["INVALID_REQUEST"],
        effects: async () => (20 - (await shop.stockOf(one)) - (await shop.stockOf(other))) / 6,
      };
    },
  },
  {
    operationId: "changeStock",
    variant: "with an expected stock",
    async prepare(shop) {
      const product = await shop.product({ stock: 10 });
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/stock",
        body: { changes: [{ variantId: product.variants[0]?.id, stock: 4, expected: 10, reason: "r" }] },
        maxSuccesses: 1,
        codes: ["INVALID_REQUEST"],
        expectedEffects: once,
        effects: async () => (10 - (await shop.stockOf(product))) / 6,
      };
    },
  },
];
