// Instants and dates in requests.

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
export const FIRST_INSTANT = Date.parse("0001-01-01T00:00:00Z");
export const LAST_INSTANT = Date.parse("9999-12-31T23:59:59.999Z");

/** An RFC 3339 instant in ms, or undefined. Its UTC year must be 1 to 9999: JavaScript and PostgreSQL write other years differently. */
export function parseInstant(text: string): number | undefined {
  if (!RFC3339.test(text) || !isDay(text.slice(0, 10))) return undefined;
  const at = Date.parse(text.toUpperCase());
  return at >= FIRST_INSTANT && at <= LAST_INSTANT ? at : undefined;
}

/** Whether this is an existing date, YYYY-MM-DD. JavaScript alone would read 31 February as 3 March. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return at >= FIRST_INSTANT && new Date(at).toISOString().startsWith(text);
}
