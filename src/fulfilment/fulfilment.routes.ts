// The warehouse: orders are prepared and shipped, parcels are delivered.

import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Either, Id, Quantity, Text } from "../http/schemas.ts";
import { viewerOf } from "../order/may-read.ts";
import { OrderSchema } from "../order/order.schemas.ts";
import { deliverShipment } from "./deliver-shipment.ts";
import { prepareOrder } from "./prepare-order.ts";
import { shipOrder } from "./ship-order.ts";
import { shipOrders } from "./ship-orders.ts";

const OrderParams = Type.Object({ id: Id() });
const label = {
  carrier: Text(100),
  trackingNumber: Text(100),
  trackingUrl: Type.Optional(Type.String({ maxLength: 2000, pattern: "^https?://\\S+$" })),
};
export const UnitsBody = Type.Array(Body({ variantId: Id(), quantity: Quantity() }), { minItems: 1, maxItems: 2000 });
const ShipmentBody = Body({ items: Type.Optional(UnitsBody), ...label });
type NewShipment = { orderId?: string; orderNumber?: string; carrier: string; trackingNumber: string; trackingUrl?: string };
const ById = Body({ orderId: Id(), ...label });
const ByNumber = Body({
  orderNumber: Type.String({ minLength: 1, maxLength: 20, description: "In any case, with or without the hyphen" }),
  ...label,
});
const ShipmentsBody = Body({
  shipments: Type.Array(Either<NewShipment, NewShipment>("orderId", ById, ByNumber), { minItems: 1, maxItems: 1000 }),
});
const ShippedOrders = Type.Object({
  shipments: Type.Array(Type.Object({ orderId: Id(), orderNumber: Type.String(), shipmentId: Id() })),
});

export type FulfilmentRoutesOptions = { config: Pick<Config, "timezone">; database: Database };

export function fulfilmentRoutes(routes: Routes, { config, database }: FulfilmentRoutesOptions): void {
  orderRoutes(routes, config);
  const shipAll = shipOrders(database);

  routes.write(
    {
      method: "POST",
      path: "/admin/shipments",
      operationId: "shipOrders",
      audience: "operator",
      permission: "fulfilment",
      bulk: true,
      tag: "Fulfilment",
      summary: "Ship the rest of up to 1,000 orders, each in one parcel",
      description:
        "All or nothing. Every row whose order cannot be shipped, or stands in an earlier row, is named in `errors` as `/shipments/i`, and then nothing is shipped.",
      body: ShipmentsBody,
      answers: { 201: ShippedOrders },
    },
    ({ body }) => {
      const shipments = body.shipments.map(({ orderId, orderNumber, carrier, trackingNumber, trackingUrl = null }) => ({
        orderId: orderId?.toLowerCase(),
        orderNumber,
        carrier,
        trackingNumber,
        trackingUrl,
      }));
      return submit(shipAll, { shipments, timezone: config.timezone }, 201);
    },
  );
}

function orderRoutes(routes: Routes, config: FulfilmentRoutesOptions["config"]): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/orders/{id}/preparing",
      operationId: "prepareOrder",
      audience: "operator",
      permission: "fulfilment",
      tag: "Fulfilment",
      summary: "The goods are being prepared: the buyer can no longer cancel or change the order",
      description: "Sets `fulfilmentStatus` to PREPARING. Only a paid order can be prepared.",
      params: OrderParams,
      body: Body({}),
      answers: { 200: OrderSchema },
      refusals: ["ORDER_NOT_FOUND", "ORDER_NOT_SHIPPABLE"],
    },
    ({ caller, params: { id } }) => submit(prepareOrder, { orderId: id.toLowerCase(), viewer: viewerOf(caller, config) }),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/orders/{id}/shipments",
      operationId: "shipOrder",
      audience: "operator",
      permission: "fulfilment",
      tag: "Fulfilment",
      summary: "Ship an order, or some units of it, in one parcel",
      description: "Without `items` all units are shipped that were neither shipped nor refunded.",
      params: OrderParams,
      body: ShipmentBody,
      answers: { 201: OrderSchema },
      refusals: ["ORDER_NOT_FOUND", "ORDER_NOT_SHIPPABLE"],
    },
    ({ caller, params: { id }, body: { items, carrier, trackingNumber, trackingUrl = null } }) => {
      const units = items?.map(({ variantId, quantity }) => ({ variantId: variantId.toLowerCase(), quantity })) ?? null;
      const viewer = viewerOf(caller, config);
      return submit(shipOrder, { orderId: id.toLowerCase(), items: units, carrier, trackingNumber, trackingUrl, viewer }, 201);
    },
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/orders/{id}/shipments/{shipmentId}/delivered",
      operationId: "deliverShipment",
      audience: "operator",
      permission: "fulfilment",
      tag: "Fulfilment",
      summary: "A parcel was delivered",
      description: "Starts the time within which its units can be returned. A second report changes nothing.",
      params: Type.Object({ id: Id(), shipmentId: Id() }),
      body: Body({}),
      answers: { 200: OrderSchema },
      refusals: ["ORDER_NOT_FOUND", "SHIPMENT_NOT_FOUND"],
    },
    ({ caller, params: { id, shipmentId } }) =>
      submit(deliverShipment, { orderId: id.toLowerCase(), shipmentId: shipmentId.toLowerCase(), viewer: viewerOf(caller, config) }),
  );
}
