// Files of parcels, as the tools of Korean carriers export them.

import { type CsvLayout, readCsv } from "../files/csv.ts";
import { describeFault, type FileFault } from "../files/fault.ts";

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
export type ParcelRowFault = FileFault | { line: number; problem: "EMPTY"; column: Name };

/**
 * Reads the parcels of a CSV file in UTF-8 or CP949, whose header names the columns; other columns
 * are ignored. `faults` are the rows that cannot be read.
 */
export function readParcels(bytes: Uint8Array): { rows: ParcelRow[]; faults: ParcelRowFault[] } {
  const { rows, faults } = readCsv(bytes, LAYOUT);
  const incomplete = rows.flatMap(({ line, cells }): ParcelRowFault[] =>
    LAYOUT.columns.filter(({ name }) => cells[name] === "").map(({ name }) => ({ line, problem: "EMPTY", column: name })),
  );
  return { rows: rows.map(({ line, cells }) => ({ line, ...cells })), faults: [...faults, ...incomplete].toSorted((a, b) => a.line - b.line) };
}

/** As `readParcels`, with each fault described in English. */
export function readShipmentFile(bytes: Uint8Array): { rows: ParcelRow[]; faults: { line: number; message: string }[] } {
  const { rows, faults } = readParcels(bytes);
  const describe = (fault: ParcelRowFault): string => (fault.problem === "EMPTY" ? `${fault.column} is empty` : describeFault(fault));
  return { rows, faults: faults.map((fault) => ({ line: fault.line, message: describe(fault) })) };
}
