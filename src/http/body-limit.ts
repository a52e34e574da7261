// How large a request's body may be.

const MIB = 1024 * 1024;

/** Of every route, unless it is one of the operators' that take things in bulk. */
export const BODY_LIMIT_BYTES = MIB;
/** 10,000 grants with a reason of some length are more than a mebibyte. */
export const BULK_BODY_LIMIT_BYTES = 8 * MIB;

/** What the document says of it. */
export function bodyLimitNote(bulk: boolean): string {
  return `At most ${(bulk ? BULK_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES) / MIB} MiB.`;
}
