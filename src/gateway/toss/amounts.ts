// Amounts on the wire: the gateway counts in whole units of a currency (19.99), the shop in its minor units (1999). No float is computed with.

/** An answer that names no currency means this one. */
export const TOSS_DEFAULT_CURRENCY = "KRW";

/** What was asked once: a formatter costs more to make than a message to read. */
const decimals = new Map<string, number>();

/** How many decimals a currency has. Errors: RangeError for a code that no currency can have. */
function decimalsOf(currency: string): number {
  const known = decimals.get(currency);
  if (known !== undefined) return known;
  const found = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 0;
  decimals.set(currency, found);
  return found;
}

/** An amount in minor units as the number that stands in a message. */
export function amountToWire(minor: number, currency: string): number {
  const places = decimalsOf(currency);
  if (places === 0) return minor;
  const digits = String(Math.abs(minor)).padStart(places + 1, "0");
  return Number(`${minor < 0 ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`);
}

/** The minor units of an amount in a message, which may be a number or a string; undefined if it is no amount in this currency. */
export function amountFromWire(value: unknown, currency: string): number | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value)) ?? [];
  if (whole === "" || !/^[A-Z]{3}$/.test(currency)) return undefined;
  const places = decimalsOf(currency);
  // More decimals than the currency has would be rounded by somebody: such an amount is not one.
  if (/[1-9]/.test(fraction.slice(places))) return undefined;
  const minor = Number(`${sign}${whole}${fraction.slice(0, places).padEnd(places, "0")}`);
  return Number.isSafeInteger(minor) ? minor : undefined;
}
