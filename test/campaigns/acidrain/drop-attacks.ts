// Attacks on drops: their entries, their draw, and the operators who steer them.

import { setTimeout as pause } from "node:timers/promises";
import { type Client, good, type TestShop } from "../../support/shop.ts";
import type { Attack, Scenario } from "./attacks.ts";

const STOCK = 10;
const SECOND_MS = 1000;
const once = (successes: number): number => Math.min(successes, 1);
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

type Made = { dropId: string; product: { id: string } };

/** A drop that is open, in which entries hold units, with a waitlist. */
async function openDrop(shop: TestShop, fields: Record<string, unknown> = {}, stock = STOCK): Promise<Made> {
  const product = await shop.product({ price: 100, stock });
  const terms = { name: "한정판", productId: product.id, mode: "FIRST_COME", waitlist: true, opensAt: at(-SECOND_MS), ...fields };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", terms), 201);
  return { dropId, product };
}

/** A drop in which a person holds a number of units. */
async function heldDrop(shop: TestShop, quantity: number, stock = STOCK): Promise<Made & { user: Client }> {
  const made = await openDrop(shop, {}, stock);
  const user = await shop.user();
  good(await user.post(`/drops/${made.dropId}/entries`, { quantity }), 201);
  return { ...made, user };
}

/** A drop whose only unit is held, and three people in line for it. */
async function fullDrop(shop: TestShop): Promise<Made & { user: Client }> {
  const made = await heldDrop(shop, 1, 1);
  for (const waiting of await shop.users(3)) good(await waiting.post(`/drops/${made.dropId}/entries`), 201);
  return made;
}

async function steered(shop: TestShop, dropId: string, step: string): Promise<void> {
  good(await shop.operator.post(`/admin/drops/${dropId}/${step}`), 200);
}

function steering(shop: TestShop, dropId: string, step: string): Pick<Scenario, "as" | "method" | "path"> {
  return { as: shop.operator, method: "POST", path: `/admin/drops/${dropId}/${step}` };
}

async function dropOf(shop: TestShop, dropId: string): Promise<{ status: string; version: number }> {
  return good(await shop.anyone("GET", `/drops/${dropId}`), 200);
}

async function counted(shop: TestShop, from: string, id: string): Promise<number> {
  const [row] = await shop.shop.database.rows<{ count: number }>({
    name: `acidrain: ${from}`,
    text: `SELECT count(*)::int AS count FROM ${from} = $1`,
    values: [id],
  });
  return row?.count ?? 0;
}

const held = (shop: TestShop, dropId: string): Promise<number> => counted(shop, "drop_entries WHERE status = 'HELD' AND drop_id", dropId);
const entries = (shop: TestShop, dropId: string): Promise<number> => counted(shop, "drop_entries WHERE drop_id", dropId);
const closings = (shop: TestShop, dropId: string): Promise<number> => counted(shop, "shop_events WHERE type = 'drop.closed' AND subject", dropId);

/** A draw whose entries are closed and whose public value is awaited. */
async function awaitedDraw(shop: TestShop): Promise<string> {
  const { dropId } = await openDrop(shop, { mode: "DRAW", closesAt: at(3600 * SECOND_MS), publicValueSource: "a lottery" });
  const draw = async () => good(await shop.anyone("GET", `/drops/${dropId}/draw`), 200) as { entriesRoot: string | null };
  good(await (await shop.user()).post(`/drops/${dropId}/entries`), 201);
  // Under load a request may take longer than this second; then it is refused.
  while ((await shop.operator.patch(`/admin/drops/${dropId}`, { closesAt: at(SECOND_MS) })).status !== 200);
  while ((await draw()).entriesRoot === null) await pause(50);
  return dropId;
}

const ENTRY_ATTACKS: Attack[] = [
  {
    operationId: "enterDrop",
    async prepare(shop) {
      const { dropId, product } = await openDrop(shop);
      return {
        as: await shop.user(),
        method: "POST",
        path: `/drops/${dropId}/entries`,
        body: { quantity: 1 },
        maxSuccesses: 1,
        codes: ["DROP_ALREADY_ENTERED"],
        effects: async () => (STOCK - (await shop.stockOf(product)) + (await entries(shop, dropId))) / 2,
      };
    },
  },
  {
    operationId: "leaveDrop",
    variant: "with a hold",
    async prepare(shop, copies) {
      const { dropId, product, user } = await heldDrop(shop, 2);
      return {
        as: user,
        method: "DELETE",
        path: `/drops/${dropId}/entries/mine`,
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => ((await shop.stockOf(product)) - STOCK + 2) / 2,
      };
    },
  },
  {
    operationId: "leaveDrop",
    variant: "whose only unit passes to a line of three",
    async prepare(shop, copies) {
      const { dropId, user } = await fullDrop(shop);
      return {
        as: user,
        method: "DELETE",
        path: `/drops/${dropId}/entries/mine`,
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => held(shop, dropId),
      };
    },
  },
  {
    operationId: "setPublicValue",
    async prepare(shop) {
      const dropId = await awaitedDraw(shop);
      return {
        ...steering(shop, dropId, "public-value"),
        body: { publicValue: "7" },
        maxSuccesses: 1,
        codes: ["DROP_DRAW_CLOSED"],
        effects: async () => Number(good(await shop.anyone("GET", `/drops/${dropId}/draw`), 200).publicValue === "7"),
      };
    },
  },
];

const OPERATOR_ATTACKS: Attack[] = [
  {
    operationId: "createDrop",
    async prepare(shop) {
      const product = await shop.product();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/drops",
        body: { name: "한정판", productId: product.id, opensAt: at(-SECOND_MS) },
        maxSuccesses: 1,
        codes: ["DROP_EXISTS"],
        effects: () => counted(shop, "drops WHERE product_id", product.id),
      };
    },
  },
  {
    operationId: "editDrop",
    async prepare(shop, copies) {
      const { dropId } = await openDrop(shop);
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/drops/${dropId}`,
        body: { name: "재판", metadata: { line: "봄" } },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => (await dropOf(shop, dropId)).version - 1,
      };
    },
  },
  {
    operationId: "pauseDrop",
    async prepare(shop, copies) {
      const { dropId } = await openDrop(shop);
      return {
        ...steering(shop, dropId, "pause"),
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => Number((await dropOf(shop, dropId)).status === "PAUSED"),
      };
    },
  },
  {
    operationId: "resumeDrop",
    variant: "with one free unit and three in line",
    async prepare(shop, copies) {
      const { dropId, user } = await fullDrop(shop);
      await steered(shop, dropId, "pause");
      good(await user.delete(`/drops/${dropId}/entries/mine`), 204);
      return {
        ...steering(shop, dropId, "resume"),
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => held(shop, dropId),
      };
    },
  },
  {
    operationId: "closeDrop",
    variant: "with a hold",
    async prepare(shop, copies) {
      const { dropId, product } = await heldDrop(shop, 2);
      return {
        ...steering(shop, dropId, "close"),
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => (((await shop.stockOf(product)) - STOCK + 2) / 2 + (await closings(shop, dropId))) / 2,
      };
    },
  },
  {
    operationId: "releaseDrop",
    async prepare(shop, copies) {
      const { dropId, product } = await heldDrop(shop, 2);
      await steered(shop, dropId, "close");
      return {
        ...steering(shop, dropId, "release"),
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => {
          const { dropId: of, stock } = good(await shop.anyone("GET", `/products/${product.id}`), 200);
          return Number((of ?? null) === null && stock === STOCK);
        },
      };
    },
  },
];

export const DROP_ATTACKS: Attack[] = [...ENTRY_ATTACKS, ...OPERATOR_ATTACKS];
