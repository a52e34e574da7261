// Rules of parcels, returns and written-off units.

import { type Mutation, mutation } from "../mutation.ts";

const CANCEL = "src/order/cancel-order.ts";
const RULES = "src/order/fulfilment.ts";
const RETURNABLE = "src/fulfilment/returnable.ts";
const SHIP = "src/fulfilment/ship-order.ts";
const ORDER = "src/fulfilment/fulfilment-order.ts";
const SHIPPED = "test/api/fulfilment.test.ts";
const RETURNED = "test/api/returns.test.ts";
const PURE = "src/fulfilment/returnable.test.ts";

export const FULFILMENT: Mutation[] = [
  mutation("a shipped order is not cancelled", CANCEL, `if (fulfilment !== null && fulfilment.shipments.length > 0) refuseFor("FULFILMENT");`, "", [
    "test/api/fulfilment-races.test.ts",
    "a shipped order is never cancelled",
  ]),
  mutation("a buyer does not cancel an order that is being prepared", CANCEL, "if (byBuyer && preparingAt !== null)", "if (false)", [
    SHIPPED,
    "a buyer cannot cancel once the goods are being prepared",
  ]),
  mutation("a buyer cancels within CANCEL_WITHIN only", CANCEL, "uow.now >= completedAt + cancelWithinMs", "false", [
    SHIPPED,
    "a buyer cannot cancel a completed order after CANCEL_WITHIN",
  ]),
  mutation("an order has a bounded number of returns", "src/fulfilment/request-return.ts", ">= RETURNS_MAX", ">= Infinity", [
    RETURNED,
    "an order has at most 200 returns",
  ]),
  mutation("a buyer does not cancel an imported order", CANCEL, `if (byBuyer && imported) refuseFor("STATUS");`, "", [
    SHIPPED,
    "an imported order cannot be cancelled",
  ]),
  mutation("no more units are shipped than there are", SHIP, "if (requested > available)", "if (false)", [SHIPPED, "only paid and unrefunded units"]),
  mutation(
    "an unpaid or refunded order is not shipped",
    ORDER,
    `  if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED") return shippable;\n`,
    "",
    [SHIPPED, "only paid and unrefunded units"],
  ),
  mutation("units of a refund in progress are not shipped", ORDER, "unshipped - (reserved.get(variantId) ?? 0)", "unshipped", [
    RETURNED,
    "while a refund is in progress",
  ]),
  mutation("an order twice in a bulk shipment is refused", "src/fulfilment/ship-orders.ts", "if (earlierRow !== undefined)", "if (false)", [
    SHIPPED,
    "many orders are shipped at once",
  ]),
  mutation("unshipped units are refunded first", RULES, "Math.max(0, units - (before.get(variantId)?.unshipped ?? 0))", "units", [
    PURE,
    "a refund takes unshipped units first",
  ]),
  mutation("units that are written off do not go back into stock", RULES, "return restock ? refunded : new Map();", "return refunded;", [
    RETURNED,
    "units of a return or a refund that are written off",
  ]),
  mutation("the simulation finds written-off units that go back into stock", RULES, "return restock ? refunded : new Map();", "return refunded;", [
    "test/campaigns/simulation/simulation.test.ts",
    "all responses equal the model's",
  ]),
  mutation("a piece is returned within the window of its parcel", RETURNABLE, "now < returnableUntil(shipment, returnWithinMs)", "true", [
    PURE,
    "until the window of its own parcel ends",
  ]),
  mutation("a piece is in one return", RETURNABLE, "add(taken, `${shipmentId} ${variantId}`, quantity);", "", [PURE, "are not returned again"]),
  mutation("a return ends once", "src/fulfilment/end-return.ts", `if (status !== "REQUESTED")`, "if (false)", [RETURNED, "a return ends once"]),
  mutation(
    "a return whose refund is in progress does not end",
    "src/fulfilment/end-return.ts",
    `if (refund?.status === "PENDING" && refund.returnId === returnId)`,
    "if (false)",
    [RETURNED, "while a refund is in progress"],
  ),
  mutation(
    "a card's return is complete with its refund",
    "src/settlement/settle-refund.ts",
    "if (refund.returnId !== null) completeReturn",
    "if (false) completeReturn",
    [RETURNED, "is refunded through the gateway"],
  ),
  mutation("a buyer does not change an order that is being prepared", "src/order/edit-order.ts", "order.fulfilmentStatus !== null)", "false)", [
    SHIPPED,
    "a buyer changes address and note until",
  ]),
  mutation("an external id belongs to one order", "src/order/place-order.ts", "uow.find(orderExternalIds, input.externalId) !== undefined", "false", [
    SHIPPED,
    "an external id belongs to one order",
  ]),
  mutation(
    "addresses are sent with DATA_PLATFORM_PERSONAL_DATA only",
    "src/outbox/order-snapshot.ts",
    "personalData ? order.shippingAddress : null",
    "order.shippingAddress",
    ["test/database/fulfilment-events.test.ts", "addresses and notes are sent"],
  ),
  mutation("only chosen types of events are sent", "src/outbox/dispatcher.ts", ".filter(this.#isSent)", "", [
    "test/database/fulfilment-events.test.ts",
    "only events of the chosen types",
  ]),
];
