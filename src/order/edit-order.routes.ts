import Type from "typebox";
import type { Config } from "../config.ts";
import { MetadataPatchSchema } from "../http/metadata.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Nullable, Text } from "../http/schemas.ts";
import { editOrder } from "./edit-order.ts";
import { viewerOf } from "./may-read.ts";
import { OrderSchema, ShippingAddressBody } from "./order.schemas.ts";

const EditBody = Body({
  shippingAddress: Type.Optional(Nullable(ShippingAddressBody)),
  note: Type.Optional(Nullable(Text(500))),
  metadata: Type.Optional(MetadataPatchSchema()),
});

export function editOrderRoute(routes: Routes, config: Pick<Config, "country" | "timezone">): void {
  routes.write(
    {
      method: "PATCH",
      path: "/orders/{orderId}",
      operationId: "editOrder",
      audience: "shopper",
      permission: "fulfilment",
      tag: "Orders",
      summary: "Change the address, note and metadata of an order",
      description:
        "The buyer can until the goods are being prepared, an operator until they are shipped, and an operator can always change `metadata`. Members that are left out stay as they are.",
      params: Type.Object({ orderId: Id() }),
      body: EditBody,
      answers: { 200: OrderSchema },
      refusals: ["USER_NOT_FOUND", "ORDER_NOT_FOUND", "ORDER_NOT_SHIPPABLE"],
    },
    ({ caller, params: { orderId }, body: { shippingAddress, note, metadata } }) => {
      const callerId = caller.role === "operator" ? null : caller.id;
      const address = shippingAddress && { ...shippingAddress, country: shippingAddress.country ?? config.country };
      const input = { orderId: orderId.toLowerCase(), callerId, shippingAddress: address, note, metadata };
      return submit(editOrder, { ...input, viewer: viewerOf(caller, config) });
    },
  );
}
