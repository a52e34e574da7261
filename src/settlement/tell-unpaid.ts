import { shopEvents } from "../events/shop-events.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";

/** A payment or charge that has not paid. `amount` in minor units. */
type Unpaid = { paymentId: string; chargeId?: string; orderId: string | null; userId: string; status: string; amount: number; reason: string | null };

/** Tells the data platform about it. The lock of its order, or of its user, guards it, the subject of the event. */
export function tellUnpaid(uow: UnitOfWork, type: "payment.unknown" | "payment.declined", unpaid: Unpaid): void {
  uow.append(shopEvents, { id: uow.newId(), subject: unpaid.paymentId, type, data: { ...unpaid, method: "CARD" }, at: uow.now });
}
