// A file of grants: `userId,amount,reason`, one per row, with or without a header. The whole file is checked before the first grant.

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
      /** With the shop's message. */
      | { problem: "REFUSED"; message: string }
    ));
export type GrantFile = { grants: Grant[]; faults: GrantFault[]; encoding: Encoding | null };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_REASON_LENGTH = 500;

const LAYOUT = {
  columns: [
    { name: "userId", also: ["user", "사용자", "사용자 ID", "사용자 번호", "회원", "회원 ID", "회원 번호"] },
    { name: "amount", also: ["금액", "지급액", "포인트"] },
    { name: "reason", also: ["사유", "지급 사유"] },
  ],
  header: "optional",
} as const;

/** Two rows with the same user and reason are a fault: a batch grants to a user for a reason once, and the second row may be a mistake. */
export function readGrants(bytes: Uint8Array): GrantFile {
  const { rows, faults: fileFaults, encoding } = readCsv(bytes, LAYOUT);
  const grants: Grant[] = [];
  const faults: GrantFault[] = [...fileFaults];
  const firstLines = new Map<string, number>();
  for (const { line, cells } of rows) {
    const { userId, amount } = cells;
    const reason = cells.reason.normalize("NFC");
    const key = JSON.stringify([userId.toLowerCase(), reason]);
    const first = firstLines.get(key);
    firstLines.set(key, first ?? line);
    if (!UUID.test(userId)) faults.push({ line, problem: "USER_ID", cell: userId });
    else if (!/^[1-9]\d{0,14}$/.test(amount)) faults.push({ line, problem: "AMOUNT", cell: amount });
    else if (reason === "") faults.push({ line, problem: "NO_REASON" });
    else if ([...reason].length > MAX_REASON_LENGTH) faults.push({ line, problem: "LONG_REASON" });
    else if (first !== undefined) faults.push({ line, problem: "REPEATED", first });
    else grants.push({ line, userId: userId.toLowerCase(), amount: Number(amount), reason });
  }
  return { grants, faults: faults.toSorted((a, b) => a.line - b.line), encoding };
}

/** The progress of a file: `granted` rows now, `before` by an earlier file of the same batch. */
export type GrantProgress = { of: number; granted: number; amount: number; before: number };

/**
 * Lets the shop check all rows, then grants them in chunks, each in one transaction. Returns the faulty rows; if there are any, nothing was granted.
 * The batch's name prevents a second grant of the same row, so a stopped or corrected file can be sent again.
 */
export async function grantFile(
  shop: Pick<Shop, "grantBalances">,
  file: GrantFile,
  batch: string,
  report: (progress: GrantProgress) => void,
): Promise<GrantFault[]> {
  const chunks = chunksOf(file.grants);
  const faults: GrantFault[] = [];
  for (const chunk of chunks) faults.push(...(await check(shop, chunk, batch)));
  if (faults.length > 0) return faults.toSorted((a, b) => a.line - b.line);

  const progress: GrantProgress = { of: file.grants.length, granted: 0, amount: 0, before: 0 };
  report({ ...progress });
  for (const chunk of chunks) {
    const { granted, totalAmount, alreadyGranted = 0 } = (await shop.grantBalances({ body: { grants: chunk.map(row), batch } })).body;
    progress.granted += granted;
    progress.amount += totalAmount;
    progress.before += alreadyGranted;
    report({ ...progress });
  }
  return [];
}

const row = ({ userId, amount, reason }: Grant) => ({ userId, amount, reason });

async function check(shop: Pick<Shop, "grantBalances">, chunk: Grant[], batch: string): Promise<GrantFault[]> {
  try {
    const { faults = [] } = (await shop.grantBalances({ body: { grants: chunk.map(row), batch, dryRun: true } })).body;
    return faults.map(({ path, problem, message }) => ({
      line: lineOf(chunk, path) ?? 0,
      ...(problem === "USER_NOT_FOUND" ? { problem } : { problem: "REFUSED", message }),
    }));
  } catch (error) {
    const errors = isRefusal(error) ? (error.problem.errors ?? []) : [];
    const faults = errors.flatMap(({ path, message }): GrantFault[] => {
      const line = lineOf(chunk, path);
      return line === undefined ? [] : [{ line, problem: "REFUSED", message }];
    });
    if (faults.length === 0) throw error;
    return faults;
  }
}

function lineOf(chunk: Grant[], path: string): number | undefined {
  const index = /^\/grants\/(\d+)/.exec(path)?.[1];
  return index === undefined ? undefined : chunk[Number(index)]?.line;
}

/** The shop takes 10,000 rows. Many proxies limit a body to 1 MiB. */
const MAX_ROWS = 10_000;
const MAX_BYTES = 512 * 1024;

/** Sorted by user, so that the check of a chunk sees the sum of a user's rows. */
function chunksOf(grants: Grant[]): Grant[][] {
  const encoder = new TextEncoder();
  const chunks: Grant[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const grant of grants.toSorted((a, b) => (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : a.line - b.line))) {
    const size = encoder.encode(JSON.stringify(row(grant))).length + 1;
    if (bytes + size > MAX_BYTES || chunks.at(-1)?.length === MAX_ROWS) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(grant);
    bytes += size;
  }
  return chunks;
}
