import { londonToUtc } from "./london-time.ts";
import { ReplayError } from "./replay-error.ts";

/** One line of an invoice, or of a cancellation, with the quantity counted as positive in both. */
export type Sale = {
  invoice: string;
  stockCode: string;
  description: string;
  quantity: number;
  /** In pence. */
  price: number;
  customer: string;
  /** RFC 3339 in UTC. */
  at: string;
};

export type Row = Record<(typeof columns)[number], string>;

export const columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"] as const;

/** Why a line of the file is neither a sale nor a cancellation. */
export type LeftOut = "without a customer" | "without a positive quantity" | "without a price in whole pence";

/** The line as a sale, or why it is none; `rowNumber`, the header being row 1, is for the sentence that says what cannot be read. */
export function saleOf(row: Row, rowNumber: number): Sale | LeftOut {
  const unreadable = (column: keyof Row) => new ReplayError(`Row ${rowNumber}: ${JSON.stringify(row[column])} is no ${column}.`);
  if (row.InvoiceNo === "" || row.StockCode === "") throw unreadable(row.InvoiceNo === "" ? "InvoiceNo" : "StockCode");
  if (row.CustomerID === "") return "without a customer";

  const signed = isCancellation(row.InvoiceNo) ? negated(row.Quantity) : row.Quantity;
  if (!/^-?\d{1,9}$/.test(signed)) throw unreadable("Quantity");
  const quantity = Number(signed);
  if (quantity <= 0) return "without a positive quantity";

  if (!/^-?\d{1,9}(\.\d+)?$/.test(row.UnitPrice)) throw unreadable("UnitPrice");
  const price = penceOf(row.UnitPrice);
  if (price === undefined || price <= 0) return "without a price in whole pence";

  const at = londonToUtc(row.InvoiceDate);
  if (at === undefined) throw unreadable("InvoiceDate");
  // Customer numbers went through a spreadsheet with gaps in the column, which made them decimals.
  const customer = row.CustomerID.replace(/\.0$/, "");
  return { invoice: row.InvoiceNo, stockCode: row.StockCode, description: row.Description.trim(), quantity, price, customer, at };
}

export const isCancellation = (invoice: string) => invoice.startsWith("C");

const negated = (quantity: string) => (quantity.startsWith("-") ? quantity.slice(1) : `-${quantity}`);

/** Pounds as written, in pence, by its digits alone: `2.1` is 210. A price of part of a penny has no pence. */
function penceOf(pounds: string): number | undefined {
  const [whole = "", fraction = ""] = pounds.split(".");
  const digits = fraction.replace(/0+$/, "");
  return digits.length > 2 ? undefined : Number(whole + digits.padEnd(2, "0"));
}
