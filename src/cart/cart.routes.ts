import Type from "typebox";
import { displayName, type SaleStatus } from "../catalog/catalog.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { ImageUrl } from "../catalog/catalog.schemas.ts";
import type { Database } from "../database/pool.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Nullable, OneOf, Quantity, UserParams } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { selectCart } from "./cart.sql.ts";
import { cartItemView } from "./cart-view.ts";
import { addToCart, emptyCart, removeFromCart, setQuantity } from "./edit-cart.ts";

const CartItemSchema = Type.Object(
  {
    id: Id(),
    productId: Id(),
    variantId: Id(),
    name: Type.String(),
    unitPrice: Nullable(Type.Integer({ description: "In the currency's minor unit; null while not for sale" })),
    quantity: Type.Integer(),
    stock: Type.Integer(),
    status: OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]),
    imageUrl: ImageUrl("The variant's image, or else the product's first; null while not for sale"),
    dropId: Nullable(Id("The drop by whose rules the product is sold")),
    limitPerCustomer: Nullable(Type.Integer({ description: "Of that drop: units per person over all orders and holds" })),
  },
  { title: "CartItem" },
);
const CartSchema = Type.Object({
  cartItems: Type.Array(CartItemSchema),
  totalAmount: Type.Integer({ description: "The total of all items for sale, in the currency's minor unit" }),
});
const ItemParams = Type.Object({ userId: Id(), id: Id() });
const NewItemBody = Body({ productId: Id(), variantId: Type.Optional(Id("Optional if the product has one variant")), quantity: Quantity() });

const faults = { "params/userId": "INVALID_USER_ID" } as const;

type CartRow = {
  id: string | null;
  productId: string;
  variantId: string;
  quantity: number;
  productName: string;
  variantName: string | null;
  price: number;
  stock: number;
  status: SaleStatus;
  imageUrl: string | null;
  dropId: string | null;
  limitPerCustomer: number | null;
};

export function cartRoutes(routes: Routes, { database, variantCache }: { database: Database; variantCache: VariantCache }): void {
  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/cart",
      operationId: "getCart",
      audience: "owner",
      permission: "customers",
      tag: "Cart",
      summary: "The cart, with current prices and stock",
      description: "Prices, stock and statuses are read now. The cart reserves nothing.",
      params: UserParams,
      answers: { 200: CartSchema },
      faults,
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ params: { userId } }) => {
      const rows = await database.rows<CartRow>(selectCart(userId));
      if (rows.length === 0) refuse("USER_NOT_FOUND", { userId });
      const cartItems = rows.flatMap(({ id, productName, variantName, ...row }) =>
        id === null ? [] : [cartItemView({ id, ...row }, { name: displayName({ name: productName }, { name: variantName }), ...row }, row)],
      );
      return { cartItems, totalAmount: cartItems.reduce((sum, item) => sum + (item.unitPrice ?? 0) * item.quantity, 0) };
    },
  );

  const add = addToCart(variantCache);
  routes.write(
    {
      method: "POST",
      path: "/users/{userId}/cart/items",
      operationId: "addToCart",
      audience: "owner",
      permission: "customers",
      tag: "Cart",
      summary: "Add a variant to the cart; nothing is reserved",
      description: "A variant can be in the cart once; its quantity is changed by `PATCH`.",
      params: UserParams,
      body: NewItemBody,
      answers: { 201: CartItemSchema },
      faults,
      refusals: ["USER_NOT_FOUND", "PRODUCT_NOT_FOUND", "PRODUCT_NOT_FOR_SALE", "CART_ITEM_DUPLICATE"],
    },
    ({ params: { userId }, body: { productId, variantId, quantity } }) => {
      const variant = variantId === undefined ? {} : { variantId: variantId.toLowerCase() };
      return submit(add, { userId, productId: productId.toLowerCase(), ...variant, quantity }, 201);
    },
  );

  cartItemRoutes(routes, database);
}

function cartItemRoutes(routes: Routes, database: Database): void {
  const set = setQuantity(database);

  routes.write(
    {
      method: "PATCH",
      path: "/users/{userId}/cart/items/{id}",
      operationId: "setCartQuantity",
      audience: "owner",
      permission: "customers",
      tag: "Cart",
      summary: "Change the quantity of a cart item",
      description: "Replaces the quantity of the item.",
      params: ItemParams,
      body: Body({ quantity: Quantity() }),
      answers: { 200: CartItemSchema },
      faults,
      refusals: ["USER_NOT_FOUND", "CART_ITEM_NOT_FOUND"],
    },
    ({ params, body }) => submit(set, { userId: params.userId, itemId: params.id, quantity: body.quantity }),
  );

  routes.write(
    {
      method: "DELETE",
      path: "/users/{userId}/cart/items/{id}",
      operationId: "removeFromCart",
      audience: "owner",
      permission: "customers",
      tag: "Cart",
      summary: "Remove an item from the cart",
      description: "Removes the item, whatever its quantity is.",
      params: ItemParams,
      answers: { 204: null },
      faults,
      refusals: ["USER_NOT_FOUND", "CART_ITEM_NOT_FOUND"],
    },
    ({ params }) => submit(removeFromCart, { userId: params.userId, itemId: params.id }, 204),
  );

  routes.write(
    {
      method: "DELETE",
      path: "/users/{userId}/cart",
      operationId: "emptyCart",
      audience: "owner",
      permission: "customers",
      tag: "Cart",
      summary: "Remove all items from the cart",
      description: "Removes all items. An empty cart stays empty: the answer is the same.",
      params: UserParams,
      answers: { 204: null },
      faults,
      refusals: ["USER_NOT_FOUND"],
    },
    ({ params }) => submit(emptyCart, { userId: params.userId }, 204),
  );
}
