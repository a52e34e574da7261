// Amounts on the wire: the gateway uses major units of a currency (19.99), the shop minor units (1999). Nothing is computed with floats.

/** The currency of an answer that names none. */
export const TOSS_DEFAULT_CURRENCY = "KRW";

/** Cached, because creating a formatter costs more than reading a message. */
const decimals = new Map<string, number>();

/** The number of decimals of a currency. Errors: RangeError for a malformed code. */
function decimalsOf(currency: string): number {
  const known = decimals.get(currency);
  if (known !== undefined) return known;
  const found = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 0;
  decimals.set(currency, found);
  return found;
}

/** An amount in minor units as the number in a message. */
export function amountToWire(minor: number, currency: string): number {
  const places = decimalsOf(currency);
  if (places === 0) return minor;
  const digits = String(Math.abs(minor)).padStart(places + 1, "0");
  return Number(`${minor < 0 ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`);
}

/** An amount in a message, a number or a string, in minor units; undefined if it is not an amount of this currency. */
export function amountFromWire(value: unknown, currency: string): number | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value)) ?? [];
  if (whole === "" || !/^[A-Z]{3}$/.test(currency)) return undefined;
  const places = decimalsOf(currency);
  // More decimals than the currency has would have to be rounded, so the amount is rejected.
  if (/[1-9]/.test(fraction.slice(places))) return undefined;
  const minor = Number(`${sign}${whole}${fraction.slice(0, places).padEnd(places, "0")}`);
  return Number.isSafeInteger(minor) ? minor : undefined;
}
