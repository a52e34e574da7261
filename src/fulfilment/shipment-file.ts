// Files of parcels, as the tools of Korean carriers export them.

import { type CsvLayout, readCsv } from "../files/csv.ts";
import { describeFault } from "../files/fault.ts";

type Name = "orderNumber" | "carrier" | "trackingNumber";

const LAYOUT: CsvLayout<Name> = {
  header: "required",
  columns: [
    { name: "orderNumber", also: ["주문번호", "고객주문번호", "order", "order no"] },
    { name: "carrier", also: ["택배사", "택배사명", "배송업체", "배송사"] },
    { name: "trackingNumber", also: ["운송장번호", "송장번호", "운송장", "tracking", "tracking no"] },
  ],
};

export type ParcelRow = { line: number; orderNumber: string; carrier: string; trackingNumber: string };

/**
 * Reads the parcels of a CSV file in UTF-8 or CP949, whose header names the columns; other columns
 * are ignored. `faults` describes each row that cannot be read.
 */
export function readShipmentFile(bytes: Uint8Array): { rows: ParcelRow[]; faults: { line: number; message: string }[] } {
  const { rows, faults } = readCsv(bytes, LAYOUT);
  const unreadable = faults.map((fault) => ({ line: fault.line, message: describeFault(fault) }));
  const incomplete = rows.flatMap(({ line, cells }) => {
    const missing = LAYOUT.columns.filter(({ name }) => cells[name] === "").map(({ name }) => name);
    return missing.length === 0 ? [] : [{ line, message: `${missing.join(", ")} is empty` }];
  });
  return {
    rows: rows.map(({ line, cells }) => ({ line, ...cells })),
    faults: [...unreadable, ...incomplete].toSorted((a, b) => a.line - b.line),
  };
}
