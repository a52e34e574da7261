// Exports of databases of different sizes, each by its own process whose peak memory is measured.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { fillFixtures, FIXTURES } from "../../../bench/support/fixtures.ts";
import { withoutIndexes, writeHistory } from "../../../bench/support/history.ts";
import type { ExportName } from "../../../src/export/export.ts";
import { freshDatabase } from "../../support/database.ts";
import { VERSION_UNDER_TEST } from "../../support/process.ts";

export type ExportRun = { orders: number; name: ExportName; format: "csv" | "ndjson"; lines: number; mb: number; peakMb: number; seconds: number };

const EXPORTED: { name: ExportName; format: "csv" | "ndjson" }[] = [
  { name: "orders", format: "ndjson" },
  { name: "orders", format: "csv" },
  { name: "ledger", format: "ndjson" },
  { name: "ledger", format: "csv" },
];
const BLOCK = 100_000;
const POLL_MS = 20;
const MB = 1024 * 1024;

/** Exports orders and ledger of a database with this many orders. @param orders a multiple of the number of users */
export async function exportsOf(orders: number): Promise<ExportRun[]> {
  const { url, drop } = await freshDatabase();
  try {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await fillFixtures(client);
    await withoutIndexes(client, async () => {
      for (let from = 0; from < orders; from += BLOCK) await writeHistory(client, from, Math.min(orders, from + BLOCK), orders);
    });
    await client.query("UPDATE orders SET note = '경비실에 맡겨 주세요', metadata = '{\"channel\": \"app\"}'");
    await client.end();
    const runs: ExportRun[] = [];
    for (const one of EXPORTED) runs.push({ orders, ...one, ...(await exportOnce(url, one)) });
    return runs;
  } finally {
    await drop();
  }
}

/** The lines that an export of this many orders has. */
export function expectedLines({ orders, name, format }: Pick<ExportRun, "orders" | "name" | "format">): number {
  return (name === "orders" ? orders : orders + FIXTURES.users) + (format === "csv" ? 1 : 0);
}

/** Runs `npx jangnal export` and counts its lines. Linux keeps the peak of a process in `VmHWM`, so polls miss only its last moments. */
async function exportOnce(url: string, { name, format }: Pick<ExportRun, "name" | "format">): Promise<Omit<ExportRun, "orders" | "name" | "format">> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(VERSION_UNDER_TEST, "bin/jangnal.mjs"), "export", name, "--format", format], {
    env: { PATH: process.env.PATH ?? "", DATABASE_URL: url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let [lines, bytes, peakKb] = [0, 0, 0];
  const timer = setInterval(() => (peakKb = Math.max(peakKb, peakKbOf(child.pid))), POLL_MS);
  try {
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
    }
    const code = await ended;
    if (code !== 0) throw new Error(`jangnal export ${name} ended with ${code}`);
  } finally {
    clearInterval(timer);
  }
  return { lines, mb: Math.round(bytes / MB), peakMb: Math.round(peakKb / 1024), seconds: (performance.now() - startedAt) / 1000 };
}

function peakKbOf(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // It has just ended.
  }
}
