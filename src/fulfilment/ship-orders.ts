import type { Database } from "../database/pool.ts";
import type { Order } from "../order/order.ts";
import { orderNumberOf, parseOrderNumber } from "../order/order-number.ts";
import { selectOrdersByNumber } from "../order/order-numbers.sql.ts";
import { orders } from "../order/order.sql.ts";
import { type FieldError, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { fulfilmentNeeds } from "./fulfilment-order.ts";
import { type Label, obstacleTo, ship } from "./ship-order.ts";

export type ShipOrders = {
  /** Each names its order by its id or its number. */
  shipments: (Label & { orderId?: string | undefined; orderNumber?: string | undefined })[];
  timezone: string;
  /** Filled in by `prepare`: the id of each shipment's order; undefined if there is none. */
  orderIds?: (string | undefined)[];
};

export type ShippedOrders = { shipments: { orderId: string; orderNumber: string; shipmentId: string }[] };

/**
 * Ships the rest of many orders, each in one parcel. All or nothing.
 * Errors: INVALID_REQUEST, which names every row whose order cannot be shipped or stands in an
 * earlier row.
 */
export function shipOrders(database: Database): Command<ShipOrders, ShippedOrders> {
  return command<ShipOrders, ShippedOrders>({
    name: "ship orders",

    async prepare(input) {
      const ids = await idsByNumber(database, input);
      return { ...input, orderIds: input.shipments.map(({ orderId, orderNumber }) => orderId ?? ids.get(numberKey(orderNumber as string))) };
    },

    needs: ({ orderIds = [] }) => orderIds.flatMap((orderId) => (orderId === undefined ? [] : fulfilmentNeeds(orderId))),

    decide(uow, { shipments, timezone, orderIds = [] }) {
      const errors: FieldError[] = [];
      const rowOf = new Map<string, number>();
      const shippable: { order: Order; label: Label }[] = [];
      for (const [i, label] of shipments.entries()) {
        const orderId = orderIds[i];
        const order = orderId === undefined ? undefined : uow.find(orders, orderId);
        const message = faultOf(order, rowOf.get(orderId ?? ""), () => obstacleTo(uow, order as Order, null) !== undefined);
        if (message !== undefined) errors.push({ path: `/shipments/${i}`, message });
        else shippable.push({ order: order as Order, label });
        if (orderId !== undefined && !rowOf.has(orderId)) rowOf.set(orderId, i);
      }
      if (errors.length > 0) refuse("INVALID_REQUEST", { errors });

      // Below this line the orders are shipped.
      return {
        shipments: shippable.map(({ order, label }) => {
          const { shipment } = ship(uow, order, null, label);
          return { orderId: order.id, orderNumber: orderNumberOf(order.id, order.createdAt, timezone), shipmentId: shipment.id };
        }),
      };
    },
  });
}

function faultOf(order: Order | undefined, earlierRow: number | undefined, hasObstacle: () => boolean): string | undefined {
  if (order === undefined) return "there is no such order, or several have this number";
  if (earlierRow !== undefined) return `the order is already in row ${earlierRow}`;
  if (!hasObstacle()) return undefined;
  return `the order has nothing to ship: it is ${order.status}, its fulfilment is ${order.fulfilmentStatus ?? "NONE"}`;
}

const numberKey = (orderNumber: string): string => orderNumber.trim().toUpperCase();

/** The ids of the orders that are named by number. An order's number never changes. */
async function idsByNumber(database: Database, { shipments, timezone }: ShipOrders): Promise<Map<string, string>> {
  const numbers = new Map(
    shipments.flatMap(({ orderNumber }) => {
      const range = orderNumber === undefined ? undefined : parseOrderNumber(orderNumber, timezone);
      return range ? [[numberKey(orderNumber as string), range]] : [];
    }),
  );
  if (numbers.size === 0) return new Map();
  const keys = [...numbers.keys()];
  const rows = await database.rows<{ place: number; id: string }>(selectOrdersByNumber([...numbers.values()]));
  const found = Map.groupBy(rows, ({ place }) => keys[place - 1] as string);
  // Two orders of one day may have the same number. Then neither is meant.
  return new Map([...found].flatMap(([key, [first, second]]) => (first && !second ? [[key, first.id]] : [])));
}
