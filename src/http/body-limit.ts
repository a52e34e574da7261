// Limits of request bodies.

const MIB = 1024 * 1024;

/** The limit of all routes except operators' bulk routes. */
export const BODY_LIMIT_BYTES = MIB;
/** 10,000 grants with reasons of some length exceed 1 MiB. */
export const BULK_BODY_LIMIT_BYTES = 8 * MIB;

/** The sentence about the limit in the OpenAPI document. */
export function bodyLimitNote(bulk: boolean): string {
  return `At most ${(bulk ? BULK_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES) / MIB} MiB.`;
}
