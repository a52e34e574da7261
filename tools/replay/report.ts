import type { Sums } from "./plan.ts";

const labels: Record<keyof Sums, string> = {
  orders: "orders",
  lines: "lines",
  units: "units",
  revenue: "revenue (pence)",
  refunds: "refunds",
  refundedUnits: "refunded units",
  refundedAmount: "refunded (pence)",
  soldUnits: "net units",
  soldRevenue: "net revenue (pence)",
};

const names = Object.keys(labels) as (keyof Sums)[];

export const formatCount = (count: number) => count.toLocaleString("en");

/** Names of the sums in which the shop differs from the file. */
export function differences(file: Sums, shop: Sums): string[] {
  return names.filter((name) => file[name] !== shop[name]).map((name) => labels[name]);
}

/** A line for each sum of the file and the shop, with `≠` if they differ. Amounts in pence. */
export function tableOf(file: Sums, shop: Sums): string[] {
  const row = (label: string, left: string, right: string, mark = "") => `${label.padEnd(24)}${left.padStart(14)}${right.padStart(14)}${mark}`;
  return [
    row("", "file", "shop"),
    ...names.map((name) => row(labels[name], formatCount(file[name]), formatCount(shop[name]), file[name] === shop[name] ? "" : "  ≠")),
  ];
}
