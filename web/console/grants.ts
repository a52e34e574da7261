// A file of grants: `userId,amount,reason`, one per row, with or without a header. It is read and checked whole before anything is granted.

import { isRefusal, type Shop } from "#client";
import { readCsv } from "../../src/files/csv.ts";
import type { Encoding } from "../../src/files/decode.ts";
import type { FileFault } from "../../src/files/fault.ts";

export type Grant = { line: number; userId: string; amount: number; reason: string };
export type GrantFault =
  | FileFault
  | ({ line: number } & (
      | { problem: "USER_ID" | "AMOUNT"; cell: string }
      | { problem: "NO_REASON" | "LONG_REASON" | "USER_NOT_FOUND" }
      | { problem: "REPEATED"; first: number }
      /** In the shop's own words. */
      | { problem: "REFUSED"; message: string }
    ));
export type GrantFile = { grants: Grant[]; faults: GrantFault[]; encoding: Encoding | null };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LONGEST_REASON = 500;

const LAYOUT = {
  columns: [
    { name: "userId", also: ["user", "사용자", "사용자 ID", "사용자 번호", "회원", "회원 ID", "회원 번호"] },
    { name: "amount", also: ["금액", "지급액", "포인트"] },
    { name: "reason", also: ["사유", "지급 사유"] },
  ],
  header: "optional",
} as const;

/** A batch grants to a user for a reason once, so two such rows are a fault: the file does not say whether the second one is meant. */
export function readGrants(bytes: Uint8Array): GrantFile {
  const { rows, faults: inFile, encoding } = readCsv(bytes, LAYOUT);
  const grants: Grant[] = [];
  const faults: GrantFault[] = [...inFile];
  const firstLines = new Map<string, number>();
  for (const { line, cells } of rows) {
    const { userId, amount } = cells;
    const reason = cells.reason.normalize("NFC");
    const meaning = JSON.stringify([userId.toLowerCase(), reason]);
    const first = firstLines.get(meaning);
    firstLines.set(meaning, first ?? line);
    if (!UUID.test(userId)) faults.push({ line, problem: "USER_ID", cell: userId });
    else if (!/^[1-9]\d{0,14}$/.test(amount)) faults.push({ line, problem: "AMOUNT", cell: amount });
    else if (reason === "") faults.push({ line, problem: "NO_REASON" });
    else if ([...reason].length > LONGEST_REASON) faults.push({ line, problem: "LONG_REASON" });
    else if (first !== undefined) faults.push({ line, problem: "REPEATED", first });
    else grants.push({ line, userId: userId.toLowerCase(), amount: Number(amount), reason });
  }
  return { grants, faults: faults.toSorted((a, b) => a.line - b.line), encoding };
}

/** What came of a file so far: `granted` rows now, `before` by an earlier file of the same batch. */
export type Granting = { of: number; granted: number; amount: number; before: number };

/**
 * Has the shop check all rows, then grants them part by part, each all or nothing. Answers the faulty rows, if any: then nothing was granted.
 * The batch's name is what keeps a row from being paid twice, so a file that stopped, or was corrected, can be sent again.
 */
export async function grantFile(
  shop: Pick<Shop, "grantBalances">,
  file: GrantFile,
  batch: string,
  report: (sofar: Granting) => void,
): Promise<GrantFault[]> {
  const parts = partsOf(file.grants);
  const faults: GrantFault[] = [];
  for (const part of parts) faults.push(...(await check(shop, part, batch)));
  if (faults.length > 0) return faults.toSorted((a, b) => a.line - b.line);

  const sofar: Granting = { of: file.grants.length, granted: 0, amount: 0, before: 0 };
  report({ ...sofar });
  for (const part of parts) {
    const { granted, totalAmount, alreadyGranted = 0 } = (await shop.grantBalances({ body: { grants: part.map(row), batch } })).body;
    sofar.granted += granted;
    sofar.amount += totalAmount;
    sofar.before += alreadyGranted;
    report({ ...sofar });
  }
  return [];
}

const row = ({ userId, amount, reason }: Grant) => ({ userId, amount, reason });

async function check(shop: Pick<Shop, "grantBalances">, part: Grant[], batch: string): Promise<GrantFault[]> {
  try {
    const { faults = [] } = (await shop.grantBalances({ body: { grants: part.map(row), batch, dryRun: true } })).body;
    return faults.map(({ path, problem, message }) => ({
      line: lineOf(part, path) ?? 0,
      ...(problem === "USER_NOT_FOUND" ? { problem } : { problem: "REFUSED", message }),
    }));
  } catch (error) {
    const errors = isRefusal(error) ? (error.problem.errors ?? []) : [];
    const faults = errors.flatMap(({ path, message }): GrantFault[] => {
      const line = lineOf(part, path);
      return line === undefined ? [] : [{ line, problem: "REFUSED", message }];
    });
    if (faults.length === 0) throw error;
    return faults;
  }
}

function lineOf(part: Grant[], path: string): number | undefined {
  const place = /^\/grants\/(\d+)/.exec(path)?.[1];
  return place === undefined ? undefined : part[Number(place)]?.line;
}

/** The shop takes 10,000 rows; many a proxy in front of it takes 1 MiB. */
const MOST_ROWS = 10_000;
const MOST_BYTES = 512 * 1024;

/** A user's rows lie side by side, so that the check of a part sees the sum of them. */
function partsOf(grants: Grant[]): Grant[][] {
  const encoder = new TextEncoder();
  const parts: Grant[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const grant of grants.toSorted((a, b) => (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : a.line - b.line))) {
    const size = encoder.encode(JSON.stringify(row(grant))).length + 1;
    if (bytes + size > MOST_BYTES || parts.at(-1)?.length === MOST_ROWS) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(grant);
    bytes += size;
  }
  return parts;
}
