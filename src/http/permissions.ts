// The permissions of operators. Each route that needs a token names one of them.

import type { Caller } from "./caller.ts";

export const PERMISSIONS = [
  "catalog",
  "stock",
  "coupons",
  "drops",
  "orders",
  "fulfilment",
  "refunds",
  "balances",
  "customers",
  "reports",
  "operations",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Whether an operator has a permission. `reports` reads all routes and changes no data. */
export function hasPermission({ permissions }: Caller, permission: Permission, writes: boolean): boolean {
  return permissions === undefined || permissions.has(permission) || (!writes && permissions.has("reports"));
}

/** Whether the caller is an operator with read access under this permission. For public routes, whose `caller` may be null. */
export function isReader(caller: Caller | null, permission: Permission): boolean {
  return caller?.role === "operator" && hasPermission(caller, permission, false);
}
