// The embedded data platform: one line of JSON per event in DATA_DIR/events.ndjson.

import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Envelope } from "../envelope.ts";
import { ALL_DELIVERED, type DeliveryResult, type Sink } from "./sink.ts";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;

/** No more characters than this, and the rest of a line, are written before they are flushed. Each has at most three bytes. */
const UNFLUSHED_LENGTH = 1024 * 1024;
/** All that can be unflushed. Lines are much shorter than the fourth part. */
const TAIL_BYTES = 4 * UNFLUSHED_LENGTH;

/** Appends to `events.ndjson`. A line counts as delivered once it is flushed to disk. Lines that a crash or a power loss left torn are cut off. */
export class FileSink implements Sink {
  readonly name = "file";
  readonly path: string;
  /** Only the first delivery of a process can meet what a power loss left. */
  #isChecked = false;

  constructor(dataDir: string) {
    this.path = join(dataDir, "events.ndjson");
  }

  async deliver(envelopes: Envelope[]): Promise<DeliveryResult> {
    if (envelopes.length === 0) return ALL_DELIVERED;
    // Opened for each delivery, so that a file that was moved or deleted is created again.
    const { file, created } = await openForAppending(this.path);
    try {
      if (!this.#isChecked) await cutLostData(file);
      this.#isChecked = true;
      await cutTornLine(file);
      for (const part of inParts(envelopes)) {
        await file.appendFile(part);
        await file.datasync();
      }
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

/** Lines, in parts that are flushed one by one. */
function* inParts(envelopes: Envelope[]): Generator<string> {
  let part = "";
  for (const envelope of envelopes) {
    part += `${JSON.stringify(envelope)}\n`;
    if (part.length < UNFLUSHED_LENGTH) continue;
    yield part;
    part = "";
  }
  if (part !== "") yield part;
}

/**
 * After a power loss, file systems may show zeros in place of data that was not flushed, and complete lines behind them. Cuts the file
 * at the first line with zeros. Its event and all later ones were not counted as delivered, so they will be delivered again.
 */
async function cutLostData(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const start = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - start);
  const { bytesRead } = await file.read(tail, 0, tail.length, start);
  const zero = tail.subarray(0, bytesRead).indexOf(0);
  if (zero >= 0) await file.truncate(start + tail.subarray(0, zero).lastIndexOf(NEWLINE) + 1);
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
