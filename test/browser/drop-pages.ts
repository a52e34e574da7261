// Drops in each mode and state, for screenshots and measurements.

import type { Page } from "playwright-core";
import type { Shop } from "#client";
import type { Client } from "../support/shop.ts";
import type { Screenshot } from "./storefront-pages.ts";

type People = { operator: Shop; other: Shop; me: Shop; user: { as: Client; user: string } };

/** Longer than all pictures take. */
const LATER_MS = 3 * 3_600_000;
const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Makes the drops, and enters some of them. */
export async function dropPages({ operator, other, me, user }: People): Promise<Screenshot[]> {
  const make = async (name: string, stock: number, terms: object): Promise<{ id: string; productId: string }> => {
    const { body } = await operator.createProducts({ body: { name, price: 46_000, stock } });
    const productId = "id" in body ? body.id : "";
    const drop = { name, productId, mode: "FIRST_COME" as const, opensAt: fromNow(0), limitPerCustomer: 1, ...terms };
    return { id: (await operator.createDrop({ body: drop })).body.id, productId };
  };
  const line = { holdFor: "PT10M", waitlist: true };
  const upcoming = await make("분청 다관 · Buncheong teapot", 120, { ...line, opensAt: fromNow(LATER_MS) });
  const open = await make("자개 소반 · Mother-of-pearl tray", 80, line);
  const waiting = await make("놋그릇 한 벌 · Brass bowls", 1, { ...line, holdFor: "PT12H" });
  const direct = await make("모시 발 · Ramie blind", 25, { mode: "DIRECT" });
  const draw = await make("나전 보석함 · Lacquer box", 5, { mode: "DRAW", closesAt: fromNow(LATER_MS), holdFor: "PT24H" });
  const applied = await make("은입사 향로 · Silver-inlaid censer", 5, { mode: "DRAW", closesAt: fromNow(LATER_MS), holdFor: "PT24H" });
  const gone = await make("백동 촛대 · Candlestick", 1, { mode: "DIRECT" });
  const over = await make("한지 등 · Paper lamp", 3, { mode: "DIRECT" });
  await other.enterDrop({ path: { dropId: waiting.id }, body: {} });
  await me.enterDrop({ path: { dropId: waiting.id }, body: {} });
  for (const shop of [other, me]) await shop.enterDrop({ path: { dropId: applied.id }, body: {} });
  await other.placeOrder({ body: { orderItems: [{ productId: gone.productId, quantity: 1 }] } });
  await operator.closeDrop({ path: { id: over.id } });
  const shown = { upcoming, open, waiting, direct, draw, applied, "sold-out": gone, over };
  return [
    ...Object.entries(shown).map(([name, { id }]): Screenshot => ({
      name: `drop-${name}`,
      address: `/#/drops/${id}`,
      polls: true,
      ...user,
      prepare: hasPanel,
    })),
    { name: "drop-signed-out", address: `/#/drops/${open.id}`, polls: true, prepare: hasPanel },
  ];
}

const hasPanel = (page: Page): Promise<void> => page.locator(".drop-panel").waitFor();
