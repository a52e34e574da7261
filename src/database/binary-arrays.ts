// Array parameters in PostgreSQL's binary format. From the text of an array PostgreSQL reads a UUID
// more than ten times as slowly, and all of its JSON values as one large tree.

const UUID_OID = 2950;
const JSONB_OID = 3802;
/** Dimensions, whether there are nulls, type, length, lower bound: 32 bits each. */
const HEADER_BYTES = 20;
/** The length before each value; -1 for null. */
const LENGTH_BYTES = 4;
const UUID_BYTES = 16;
const JSONB_VERSION = 1;

const HYPHEN = 0x2d;
const UUID_LENGTH = 36;
/** Where the two digits of each byte begin in a UUID's text. */
const DIGITS_AT = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);
/** The values of hexadecimal digits by their character codes. All others have `INVALID`. */
const INVALID = 0xf0;
const DIGITS = new Uint8Array(128).fill(INVALID);
for (const digit of "0123456789abcdefABCDEF") DIGITS[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

/** A `uuid[]`. Errors: a text that is not a UUID with hyphens. */
export function uuidArray<Row>(rows: readonly Row[], pick: (row: Row) => string | null | undefined): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + rows.length * (LENGTH_BYTES + UUID_BYTES));
  let at = writeHeader(buffer, UUID_OID, rows.length);
  for (const row of rows) {
    const id = pick(row);
    at = buffer.writeInt32BE(id == null ? -1 : UUID_BYTES, at);
    if (id == null) continue;
    writeUuid(buffer, at, id);
    at += UUID_BYTES;
  }
  return buffer.subarray(0, at);
}

/** A `jsonb[]`. */
export function jsonbArray<Row>(rows: readonly Row[], pick: (row: Row) => unknown): Buffer {
  const texts = rows.map((row) => JSON.stringify(pick(row)));
  const bytes = texts.reduce((sum, text) => sum + LENGTH_BYTES + 1 + Buffer.byteLength(text), HEADER_BYTES);
  const buffer = Buffer.allocUnsafe(bytes);
  let at = writeHeader(buffer, JSONB_OID, texts.length);
  for (const text of texts) {
    const length = buffer.write(text, at + LENGTH_BYTES + 1) + 1;
    at = buffer.writeInt32BE(length, at);
    buffer[at] = JSONB_VERSION;
    at += length;
  }
  return buffer;
}

/** Returns where the values begin. PostgreSQL sees by the lengths which of them are null. */
function writeHeader(buffer: Buffer, oid: number, length: number): number {
  let at = 0;
  for (const field of [1, 0, oid, length, 1]) at = buffer.writeInt32BE(field, at);
  return at;
}

function writeUuid(buffer: Buffer, at: number, id: string): void {
  // Collects bits that no digit has, so that one check at the end is enough.
  let bits = id.length === UUID_LENGTH && hasHyphens(id) ? 0 : INVALID;
  for (let i = 0; i < UUID_BYTES; i++) {
    const place = DIGITS_AT[i] as number;
    const first = id.charCodeAt(place);
    const second = id.charCodeAt(place + 1);
    const high = DIGITS[first & 127] as number;
    const low = DIGITS[second & 127] as number;
    bits |= high | low | ((first | second) & ~127);
    buffer[at + i] = (high << 4) | low;
  }
  if ((bits & ~15) !== 0) throw new Error(`${JSON.stringify(id)} is not a UUID`);
}

function hasHyphens(id: string): boolean {
  return id.charCodeAt(8) === HYPHEN && id.charCodeAt(13) === HYPHEN && id.charCodeAt(18) === HYPHEN && id.charCodeAt(23) === HYPHEN;
}
