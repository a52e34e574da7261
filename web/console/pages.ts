// The pages of the console: their addresses, their place in the menu, and who may open them. Each page is loaded when it is opened.

import { lazy, type Lazy } from "./parts/lazy.tsx";
import type { Permission } from "./session.ts";

export type PageWord =
  | "live"
  | "drops"
  | "rehearsals"
  | "catalog"
  | "coupons"
  | "orders"
  | "returns"
  | "balances"
  | "sales"
  | "payments"
  | "events"
  | "jobs"
  | "journal"
  | "audit";

export type PageEntry = { path: RegExp; menu: PageWord } & Lazy;

const page = (path: RegExp, menu: PageWord, load: Parameters<typeof lazy>[0]): PageEntry => ({ path, menu, ...lazy(load) });

export const PAGES: PageEntry[] = [
  page(/^\/(?:live)?$/, "live", async () => (await import("./pages/live.tsx")).Live),
  page(/^\/drops$/, "drops", async () => (await import("./pages/drops.tsx")).Drops),
  page(/^\/drops\/new$/, "drops", async () => (await import("./pages/new-drop.tsx")).NewDropPage),
  page(/^\/drops\/([^/]+)$/, "drops", async () => (await import("./pages/drop.tsx")).DropPage),
  page(/^\/rehearsals$/, "rehearsals", async () => (await import("./pages/rehearse.tsx")).Rehearse),
  page(/^\/rehearsals\/([^/]+)$/, "rehearsals", async () => (await import("./pages/rehearsal.tsx")).Rehearsal),
  page(/^\/catalog$/, "catalog", async () => (await import("./pages/catalog.tsx")).Catalog),
  page(/^\/products\/new$/, "catalog", async () => (await import("./pages/new-product.tsx")).NewProductPage),
  page(/^\/products\/([^/]+)$/, "catalog", async () => (await import("./pages/product.tsx")).Product),
  page(/^\/coupons$/, "coupons", async () => (await import("./pages/coupons.tsx")).Coupons),
  page(/^\/coupons\/new$/, "coupons", async () => (await import("./pages/new-coupon.tsx")).NewCouponPage),
  page(/^\/coupons\/([^/]+)$/, "coupons", async () => (await import("./pages/coupon.tsx")).Coupon),
  page(/^\/orders$/, "orders", async () => (await import("./pages/orders.tsx")).Orders),
  page(/^\/orders\/ship$/, "orders", async () => (await import("./pages/ship-orders.tsx")).ShipOrders),
  page(/^\/orders\/([^/]+)$/, "orders", async () => (await import("./pages/order.tsx")).Order),
  page(/^\/returns$/, "returns", async () => (await import("./pages/returns.tsx")).Returns),
  page(/^\/balances$/, "balances", async () => (await import("./pages/balances.tsx")).Balances),
  page(/^\/users\/([^/]+)$/, "balances", async () => (await import("./pages/user.tsx")).User),
  page(/^\/sales$/, "sales", async () => (await import("./pages/sales.tsx")).Sales),
  page(/^\/payments$/, "payments", async () => (await import("./pages/payments.tsx")).Payments),
  page(/^\/events$/, "events", async () => (await import("./pages/events.tsx")).Events),
  page(/^\/jobs$/, "jobs", async () => (await import("./pages/jobs.tsx")).Jobs),
  page(/^\/journal$/, "journal", async () => (await import("./pages/journal.tsx")).Journal),
  page(/^\/audit$/, "audit", async () => (await import("./pages/audit.tsx")).Audit),
];

export type MenuEntry = { word: PageWord; path: string; needs: Permission };
type MenuHead = "selling" | "commerce" | "money" | "system";

/** A group of the menu, from each page's word and the permission to read it. The word is the page's path too. */
const group = (head: MenuHead, ...entries: [word: PageWord, needs: Permission][]): { head: MenuHead; entries: MenuEntry[] } => ({
  head,
  entries: entries.map(([word, needs]) => ({ word, path: `/${word}`, needs })),
});

export const MENU = [
  group("selling", ["live", "operations"], ["drops", "drops"], ["rehearsals", "operations"]),
  group("commerce", ["orders", "orders"], ["returns", "fulfilment"], ["catalog", "catalog"], ["coupons", "coupons"], ["balances", "customers"]),
  group("money", ["sales", "reports"], ["payments", "refunds"]),
  group("system", ["events", "operations"], ["jobs", "operations"], ["journal", "operations"], ["audit", "operations"]),
];
