// The differences of a reconciliation as a table for people, and as CSV for spreadsheets.

import { csvCell } from "../export/csv-line.ts";
import type { Difference, Reconciliation } from "../settlement/reconcile.ts";

const HEAD = [
  "difference",
  "paymentKey",
  "paymentId",
  "shopStatus",
  "shopCaptured",
  "shopRefunded",
  "gatewayStatus",
  "gatewayCaptured",
  "gatewayRefunded",
  "settled",
  "fee",
  "paidOut",
];

function rowsOf(differences: Difference[]): string[][] {
  const side = (of: Difference["shop"]): string[] => [of?.status ?? "", String(of?.captured ?? ""), String(of?.givenBack ?? "")];
  return [
    HEAD,
    ...differences.map(({ what, paymentKey, paymentId, shop, gateway, settlement }) => [
      what,
      paymentKey,
      paymentId ?? "",
      ...side(shop),
      ...side(gateway),
      ...[settlement?.amount, settlement?.fee, settlement?.payOut].map((amount) => String(amount ?? "")),
    ]),
  ];
}

/** The sums in one sentence, and those of the settlements in another. */
export function summaryOf({ compared, captured, givenBack, settlements, differenceCount }: Reconciliation): string {
  const agree = differenceCount === 0 ? "both sides agree." : `${differenceCount} differences.`;
  const settled =
    settlements === null
      ? "The gateway has no settlements for this shop."
      : `${settlements.settled} settled, ${settlements.fees} fees, ${settlements.paidOut} paid out; ${settlements.unsettled} movements are not settled yet.`;
  return `${compared} payments compared, ${captured} captured, ${givenBack} refunded: ${agree}\n${settled}`;
}

/** Columns as wide as their longest value. */
export function tableOf(differences: Difference[]): string {
  const rows = rowsOf(differences);
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((value, i) => value.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Comma-separated values with a head. */
export function csvOf(differences: Difference[]): string {
  return rowsOf(differences)
    .map((row) => row.map(csvCell).join(","))
    .join("\n");
}
