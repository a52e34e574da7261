// Drops, parcels, returns and money in doubt, for operations that random requests do not reach. The statuses are those of `REQUIRED_STATUS`.

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { keyFor } from "../../../src/gateway/simulator/script.ts";
import { closeSoon } from "../../support/close-soon.ts";
import { type Client, good, type TestShop } from "../../support/shop.ts";
import type { Sender } from "./sender.ts";

const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Prepares the rows that the last operations of a story need, for each buyer. */
export async function prepareSequels(shop: TestShop, { registry }: Sender, buyers: Client[]): Promise<void> {
  registry.learn("/drops", { id: await newDrop(shop, registry, {}), status: "OPEN" }, []);
  registry.learn("/drops", { id: await awaitedDraw(shop, registry, buyers), status: "AWAITED" }, []);
  for (const buyer of buyers) {
    const product = await shop.product({ price: 100, stock: 1_000_000 });
    const order = async (method: string): Promise<string> =>
      good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }], payment: { method } }), 201).orderId;
    const shipped = async (status: string): Promise<string> => {
      const orderId = await order("BALANCE");
      const parcel = { carrier: "CJ대한통운", trackingNumber: "1" };
      const { shipments } = good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, parcel), 201);
      registry.learn("/orders", { orderId, status }, [buyer.id]);
      registry.remember("shipmentId", shipments[0].shipmentId, [orderId]);
      registry.remember("variantId", product.variants[0]?.id as string, [orderId]);
      return orderId;
    };
    await shipped("SHIPPED");
    for (let i = 0; i < 3; i++) {
      const orderId = await shipped("RETURNING");
      const { returnId } = good(await buyer.post(`/orders/${orderId}/returns`, { reason: "r" }), 201);
      registry.learn("/returns", { id: returnId, status: "REQUESTED" }, [orderId]);
    }
    const paymentKey = keyFor({ confirm: ["odd"], find: ["odd*"], webhook: "never" }, randomUUID());
    const payment = { orderId: await order("DEFERRED"), method: "CARD", paymentKey };
    const { paymentId } = good(await buyer.post("/payments", payment), 202);
    registry.learn("/payments", { id: paymentId, status: "IN_DOUBT" }, []);
  }
}

async function newDrop(shop: TestShop, registry: Sender["registry"], fields: Record<string, unknown>): Promise<string> {
  const product = await shop.product({ price: 100, stock: 1_000_000 });
  const terms = { name: "한정판", productId: product.id, mode: "FIRST_COME", waitlist: true, opensAt: at(-1000), ...fields };
  const { id } = good(await shop.operator.post("/admin/drops", terms), 201);
  registry.remember("dropId", id);
  registry.remember("variantId", product.variants[0]?.id as string, [id]);
  return id;
}

/** A draw whose entries are closed and whose public value is awaited. */
async function awaitedDraw(shop: TestShop, registry: Sender["registry"], buyers: Client[]): Promise<string> {
  const id = await newDrop(shop, registry, { mode: "DRAW", closesAt: at(3_600_000), publicValueSource: "a lottery" });
  for (const buyer of buyers) good(await buyer.post(`/drops/${id}/entries`), 201);
  await closeSoon(shop.operator, id);
  while (good(await shop.anyone("GET", `/drops/${id}/draw`), 200).entriesRoot === null) await pause(50);
  return id;
}
