import Type from "typebox";
import { displayName, type SaleStatus } from "../catalog/catalog.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Nullable, OneOf, Quantity, UserParams } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import type { Shop } from "../shop.ts";
import { selectCart, selectCartArticle } from "./cart.sql.ts";
import { cartItemView } from "./cart-view.ts";
import { addToCart, removeFromCart, type SetQuantity, setQuantity } from "./edit-cart.ts";

const Item = Type.Object(
  {
    id: Id(),
    productId: Id(),
    variantId: Id(),
    name: Type.String(),
    unitPrice: Nullable(Type.Integer({ description: "In the currency's minor unit; null while it is not for sale" })),
    quantity: Type.Integer(),
    stock: Type.Integer(),
    status: OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]),
  },
  { title: "CartItem" },
);
type CartRecord = {
  id: string | null;
  productId: string;
  variantId: string;
  quantity: number;
  productName: string;
  variantName: string | null;
  price: number;
  stock: number;
  status: SaleStatus;
};

export function cartRoutes(routes: Routes, { database, variantCache }: Shop): void {
  const add = addToCart(variantCache);
  const set = setQuantity(async (userId, itemId) => (await database.rows<NonNullable<SetQuantity["article"]>>(selectCartArticle(userId, itemId)))[0]);
  const ItemParams = Type.Object({ userId: Id(), id: Id() });
  const faults = { "params/userId": "INVALID_USER_ID" } as const;

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/cart",
      operationId: "getCart",
      audience: "owner",
      tag: "Cart",
      summary: "The cart, with today's prices and stock",
      params: UserParams,
      answers: {
        200: Type.Object({
          cartItems: Type.Array(Item),
          totalAmount: Type.Integer({ description: "Of what is for sale, in the currency's minor unit" }),
        }),
      },
      faults,
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ params: { userId } }) => {
      const rows = await database.rows<CartRecord>(selectCart(userId));
      if (rows.length === 0) refuse("USER_NOT_FOUND", { userId });
      const cartItems = rows.flatMap(({ id, productName, variantName, ...row }) =>
        id === null ? [] : [cartItemView({ id, ...row }, { name: displayName({ name: productName }, { name: variantName }), ...row })],
      );
      return { cartItems, totalAmount: cartItems.reduce((sum, item) => sum + (item.unitPrice ?? 0) * item.quantity, 0) };
    },
  );

  routes.write(
    {
      method: "POST",
      path: "/users/{userId}/cart/items",
      operationId: "addToCart",
      audience: "owner",
      tag: "Cart",
      summary: "Put something into the cart; nothing is reserved",
      params: UserParams,
      body: Body({ productId: Id(), variantId: Type.Optional(Id("May be left out where the product has one variant")), quantity: Quantity() }),
      answers: { 201: Item },
      faults,
      refusals: ["USER_NOT_FOUND", "PRODUCT_NOT_FOUND", "PRODUCT_NOT_FOR_SALE", "CART_ITEM_DUPLICATE"],
    },
    ({ params, body: { productId, variantId, quantity } }) =>
      submit(
        add,
        {
          userId: params.userId,
          productId: productId.toLowerCase(),
          ...(variantId === undefined ? {} : { variantId: variantId.toLowerCase() }),
          quantity,
        },
        201,
      ),
  );

  routes.write(
    {
      method: "PATCH",
      path: "/users/{userId}/cart/items/{id}",
      operationId: "setCartQuantity",
      audience: "owner",
      tag: "Cart",
      summary: "Change how many",
      params: ItemParams,
      body: Body({ quantity: Quantity() }),
      answers: { 200: Item },
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
      tag: "Cart",
      summary: "Take something out",
      params: ItemParams,
      answers: { 204: null },
      faults,
      refusals: ["USER_NOT_FOUND", "CART_ITEM_NOT_FOUND"],
    },
    ({ params }) => submit(removeFromCart, { userId: params.userId, itemId: params.id }, 204),
  );
}
