// The embedded data platform: one line of JSON per event in DATA_DIR/events.ndjson.

import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Envelope } from "../envelope.ts";
import { ALL_DELIVERED, type DeliveryResult, type Sink } from "./sink.ts";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;

/** Appends to `events.ndjson`. A line counts as delivered once it is flushed to disk. A line torn by a crash is cut off. */
export class FileSink implements Sink {
  readonly name = "file";
  readonly path: string;

  constructor(dataDir: string) {
    this.path = join(dataDir, "events.ndjson");
  }

  async deliver(envelopes: Envelope[]): Promise<DeliveryResult> {
    if (envelopes.length === 0) return ALL_DELIVERED;
    // Opened for each delivery, so that a file that was moved or deleted is created again.
    const { file, created } = await openForAppending(this.path);
    try {
      await cutTornLine(file);
      await file.appendFile(`${envelopes.map((envelope) => JSON.stringify(envelope)).join("\n")}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (created) await syncDirectory(dirname(this.path)); // Otherwise a crash may lose the new file's directory entry.
    return ALL_DELIVERED;
  }

  async close(): Promise<void> {}
}

async function openForAppending(path: string): Promise<{ file: FileHandle; created: boolean }> {
  try {
    return { file: await open(path, "ax+", 0o600), created: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return { file: await open(path, "a+", 0o600), created: false };
  }
}

/** Cuts off a last line without a newline. Its event was not counted as delivered, so it will be delivered again. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(Math.min(size, CHUNK_BYTES));
  if (size === 0 || ((await file.read(buffer, 0, 1, size - 1)).bytesRead === 1 && buffer[0] === NEWLINE)) return;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline >= 0) return file.truncate(start + newline + 1);
    end = start;
  }
  await file.truncate(0);
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return; // Windows cannot sync directories, and does not need to.
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
