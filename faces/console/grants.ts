// A file of grants: `userId,amount,reason`, one per line, with or without a head.

import { cutText } from "../../src/text.ts";

export type Grant = { userId: string; amount: number; reason: string };
export type GrantFile = { grants: Grant[]; faults: { line: number; what: "noUserId" | "noAmount" | "noReason" }[]; hash: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FAULTS_SHOWN = 5;
/** Their JSON stays well below what the shop takes in one request. */
const PART = 2000;

export function readGrants(text: string): GrantFile {
  const rows = rowsOf(text.replace(/^\uFEFF/, ""));
  const grants: Grant[] = [];
  const faults: GrantFile["faults"] = [];
  for (const [i, cells] of rows.entries()) {
    const [userId = "", amount = "", reason = ""] = cells.map((cell) => cell.trim());
    if (cells.length === 1 && userId === "") continue;
    if (i === 0 && /^user/i.test(userId)) continue;
    const what = !UUID.test(userId) ? "noUserId" : !/^[1-9]\d{0,14}$/.test(amount) ? "noAmount" : reason === "" ? "noReason" : null;
    if (what === null) grants.push({ userId: userId.toLowerCase(), amount: Number(amount), reason: cutText(reason, 500) });
    else if (faults.length < FAULTS_SHOWN) faults.push({ line: i + 1, what });
  }
  return { grants, faults, hash: hashOf(text) };
}

export function chunks(grants: Grant[]): Grant[][] {
  return Array.from({ length: Math.ceil(grants.length / PART) }, (_, i) => grants.slice(i * PART, (i + 1) * PART));
}

export const keyOf = (hash: string, part: number): string => `grants-${hash}-${part}`;

/** Cells as RFC 4180 has them: in quotes there may be commas, line ends, and quotes twice. */
function rowsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  return rows;
}

/** Of what is in the file, 106 bits of it: `crypto.subtle` is there over https only. (cyrb53, twice.) */
function hashOf(text: string): string {
  return [0, 1]
    .map((seed) => {
      let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        a = Math.imul(a ^ code, 2654435761);
        b = Math.imul(b ^ code, 1597334677);
      }
      a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
      b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
      return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
    })
    .join("-");
}
