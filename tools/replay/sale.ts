import { londonToUtc } from "./london-time.ts";

/** One line of an invoice or of a cancellation; the quantity is positive in both. */
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

/** Why a line of the file is left out. */
export type LeftOut = "without a customer" | "without a positive quantity" | "without a price in whole pence";

/** Parses a row into a sale, or the reason to leave it out, or its faults. @param now in ms; a later sale is a fault */
export function saleOf(row: Row, now: number): Sale | LeftOut | string[] {
  const empty = (["InvoiceNo", "StockCode"] as const).filter((column) => row[column] === "");
  if (empty.length > 0) return empty.map((column) => `${column} is empty`);
  if (row.CustomerID === "") return "without a customer";

  const quantity = quantityOf(row);
  const price = priceOf(row);
  const at = instantOf(row, now);
  const faults = [quantity, price, at].flatMap((read) => (typeof read === "object" ? [read.fault] : []));
  if (faults.length > 0) return faults;
  if ((quantity as number) <= 0) return "without a positive quantity";
  if (price === undefined || price === 0) return "without a price in whole pence";
  // A spreadsheet has turned the customer numbers into decimals.
  const customer = row.CustomerID.replace(/\.0$/, "");
  const description = row.Description.normalize("NFC");
  return {
    invoice: row.InvoiceNo,
    stockCode: row.StockCode,
    description,
    quantity: quantity as number,
    price: price as number,
    customer,
    at: at as string,
  };
}

type Fault = { fault: string };

function quantityOf({ InvoiceNo, Quantity }: Row): number | Fault {
  const signed = isCancellation(InvoiceNo) ? negated(Quantity) : Quantity;
  if (!/^-?\d{1,9}$/.test(signed)) return { fault: `Quantity ${JSON.stringify(Quantity)} is not a whole number in digits only` };
  return Number(signed);
}

/** In pence; undefined if it has a fraction of a penny. */
function priceOf({ UnitPrice }: Row): number | undefined | Fault {
  if (!/^-?\d{1,9}(\.\d+)?$/.test(UnitPrice)) return { fault: `UnitPrice ${JSON.stringify(UnitPrice)} is not an amount such as 2.55` };
  if (/^-.*[1-9]/.test(UnitPrice)) return { fault: `UnitPrice ${JSON.stringify(UnitPrice)} is negative` };
  return penceOf(UnitPrice.replace("-", ""));
}

function instantOf({ InvoiceDate }: Row, now: number): string | Fault {
  const at = londonToUtc(InvoiceDate);
  if (at === undefined) return { fault: `InvoiceDate ${JSON.stringify(InvoiceDate)} is not a time such as 2010-12-01 08:26:00` };
  if (Date.parse(at) > now) return { fault: `InvoiceDate ${JSON.stringify(InvoiceDate)} is in the future` };
  if (Date.parse(at) < 0) return { fault: `InvoiceDate ${JSON.stringify(InvoiceDate)} is before 1970` };
  return at;
}

export const isCancellation = (invoice: string) => invoice.startsWith("C");

const negated = (quantity: string) => (quantity.startsWith("-") ? quantity.slice(1) : `-${quantity}`);

/** Converts pounds to pence by their digits, without rounding: `2.1` is 210. Undefined if there is a fraction of a penny. */
function penceOf(pounds: string): number | undefined {
  const [whole = "", fraction = ""] = pounds.split(".");
  const digits = fraction.replace(/0+$/, "");
  return digits.length > 2 ? undefined : Number(whole + digits.padEnd(2, "0"));
}
