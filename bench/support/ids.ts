// Deterministic ids, computed in TypeScript and in SQL alike: the n-th of a kind, in the format and order of a UUIDv7.

const KINDS = ["user", "product", "variant", "campaign", "coupon", "adjustment", "grant", "order", "payment", "transaction"] as const;
export type Kind = (typeof KINDS)[number];

/** The id of the n-th of its kind, counted from 0. */
export function idOf(kind: Kind, n: number): string {
  if (kind === "order") return `${prefix(kind)}${n.toString(16).padStart(8, "0")}0000`;
  return `${prefix(kind)}${n.toString(16).padStart(12, "0")}`;
}

/** `idOf` as an SQL expression; `n` is an SQL expression too. An order's id ends in sixteen zero bits, like the shop's. */
export function sqlId(kind: Kind, n: string): string {
  return kind === "order"
    ? `('${prefix(kind)}' || lpad(to_hex(${n}), 8, '0') || '0000')::uuid`
    : `('${prefix(kind)}' || lpad(to_hex(${n}), 12, '0'))::uuid`;
}

function prefix(kind: Kind): string {
  return `01900000-000${KINDS.indexOf(kind).toString(16)}-7000-8000-`;
}
