// Limits of request bodies.

const MIB = 1024 * 1024;

/** The limit of all routes except operators' bulk routes. */
export const BODY_LIMIT_BYTES = MIB;
/** 10,000 grants with reasons of some length exceed 1 MiB. */
export const BULK_BODY_LIMIT_BYTES = 8 * MIB;

/** The limit of all lines of a stream together; one line may be as long as any other body. */
export const LINES_LIMIT_BYTES = 64 * MIB;

/** The sentence about the limit in the OpenAPI document. */
export function bodyLimitNote(kind: "one" | "bulk" | "lines"): string {
  const limit = { one: BODY_LIMIT_BYTES, bulk: BULK_BODY_LIMIT_BYTES, lines: LINES_LIMIT_BYTES }[kind];
  return `At most ${limit / MIB} MiB.${kind === "lines" ? ` The schema is that of each line.` : ""}`;
}
