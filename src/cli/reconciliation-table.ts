// The differences of a reconciliation as a table for people, and as CSV for spreadsheets.

import type { Difference } from "../settlement/reconcile.ts";

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
];

function rowsOf(differences: Difference[]): string[][] {
  const side = (of: Difference["shop"]): string[] => [of?.status ?? "", String(of?.captured ?? ""), String(of?.givenBack ?? "")];
  return [
    HEAD,
    ...differences.map(({ what, paymentKey, paymentId, shop, gateway }) => [what, paymentKey, paymentId ?? "", ...side(shop), ...side(gateway)]),
  ];
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
    .map((row) => row.map(quoted).join(","))
    .join("\n");
}

/** A payment key is another system's text: a spreadsheet must not take it for a formula. */
function quoted(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
