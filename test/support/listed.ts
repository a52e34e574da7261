const [BINARY_HEADER, UUID_BYTES] = [20, 16];

/** The values of an array parameter: a literal as `{a,b}`, or a binary array of ids, of which none is null (src/database/binary-arrays.ts). */
export function listed(parameter: unknown): string[] {
  if (!Buffer.isBuffer(parameter)) return String(parameter).replaceAll(/[{}"]/g, "").split(",");
  const ids: string[] = [];
  // Each value follows its length of four bytes.
  for (let at = BINARY_HEADER + 4; at < parameter.length; at += UUID_BYTES + 4)
    ids.push(parameter.toString("hex", at, at + UUID_BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"));
  return ids;
}
