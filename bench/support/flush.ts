// Measures the disk: flushes per second, and the minimum time of one commit with two round trips.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { BEGIN, COMMIT, pipeline } from "../../src/database/pipeline.ts";
import { connectionSettings } from "../../src/database/pool.ts";
import { newId } from "../../src/ids.ts";
import { Latencies, type Sample } from "./sample.ts";

const PAGE = Buffer.alloc(8192, 7);
const FILE_PAGES = 2048;

/** Overwrites and flushes 8 kB of a file, again and again, as PostgreSQL does with its write-ahead log. */
export function flushes(directory: string, ms: number): Sample {
  const path = join(directory, "flushes");
  const file = openSync(path, "w");
  for (let page = 0; page < FILE_PAGES; page++) writeSync(file, PAGE);
  fdatasyncSync(file);
  const latencies = new Latencies();
  const startedAt = performance.now();
  for (let page = 0; performance.now() - startedAt < ms; page = (page + 1) % FILE_PAGES) {
    const writtenAt = performance.now();
    writeSync(file, PAGE, 0, PAGE.length, page * PAGE.length);
    fdatasyncSync(file);
    latencies.add(performance.now() - writtenAt);
  }
  const sample = latencies.sample(performance.now() - startedAt);
  closeSync(file);
  rmSync(path);
  return sample;
}

/** Two round trips and one flush: the first reads a row, the second writes one and commits. No stored order can be faster. */
export async function emptyRounds(url: string, ms: number): Promise<Sample> {
  const client = new pg.Client({ ...connectionSettings(url), pipeline: true });
  await client.connect();
  const latencies = new Latencies();
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms) {
    const sentAt = performance.now();
    await pipeline(client, [BEGIN, { name: "read", text: "SELECT 1", values: [] }]);
    await pipeline(client, [{ name: "write", text: "INSERT INTO rounds (id) VALUES ($1)", values: [newId(Date.now())] }, COMMIT]);
    latencies.add(performance.now() - sentAt);
  }
  const sample = latencies.sample(performance.now() - startedAt);
  await client.end();
  return sample;
}
