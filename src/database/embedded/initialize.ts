import { spawn } from "node:child_process";
import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { own, type Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import type { Endpoint } from "./endpoint.ts";
import { failureReason } from "./log.ts";
import { unusable } from "../data-dir.ts";

type Options = { dataDir: string; binaries: Binaries; account: Account; endpoint: Endpoint; durable: boolean };

/** Directories that only an interrupted start leaves. */
const LEFTOVER = /^postgres-(new|try)-/;

/**
 * Returns the cluster's directory, owned by the account. The first start creates it, completely or
 * not at all.
 */
export async function initializeCluster(options: Options): Promise<string> {
  const { dataDir, account } = options;
  const cluster = join(dataDir, "postgres");
  try {
    removeLeftovers(dataDir);
    if (!existsSync(cluster)) await createCluster(options, cluster);
    own(cluster, account);
    return cluster;
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function removeLeftovers(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((each) => LEFTOVER.test(each))) {
    // With retries, because an orphaned initdb may still be writing there.
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

async function createCluster(options: Options, cluster: string): Promise<void> {
  const { dataDir, account } = options;
  const unfinished = mkdtempSync(join(dataDir, "postgres-new-"));
  own(unfinished, account);
  try {
    await initdb(options, unfinished);
    renameSync(unfinished, cluster);
    if (options.durable) syncDirectory(dataDir);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function initdb({ dataDir, binaries, account, endpoint, durable }: Options, directory: string): Promise<void> {
  const args = [`--pgdata=${directory}`, "--username=jangnal", "--encoding=UTF8", "--locale=C", "--no-instructions"];
  // Names sort by code point on every machine and libc. For Hangul that is the dictionary's order.
  args.push("--locale-provider=builtin", "--builtin-locale=C.UTF-8");
  // A durable cluster must not be based on files that a power failure can remove.
  if (!durable) args.push("--no-sync");
  const passwordFile = join(dataDir, "postgres.pwfile");
  if (endpoint.password === undefined) {
    args.push("--auth-local=trust", "--auth-host=reject");
  } else {
    writeFileSync(passwordFile, endpoint.password, { mode: 0o600 });
    args.push("--auth=scram-sha-256", `--pwfile=${passwordFile}`);
  }
  try {
    const failure = await run([...account.prefix, binaries.initdb, ...args], { ...account.ids, cwd: "/", env: binaries.env });
    if (failure !== undefined) throw new Error(`initdb failed: ${failure}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Returns the reason of a failure from the program's output, or undefined on success. */
async function run(
  command: string[],
  options: { uid?: number; gid?: number; cwd: string; env: Record<string, string> },
): Promise<string | undefined> {
  const child = spawn(command[0] ?? "", command.slice(1), { ...options, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
  const [code, output] = await Promise.all([ended, text(child.stderr)]);
  return code === 0 ? undefined : failureReason(output.trim().split("\n"));
}

function syncDirectory(directory: string): void {
  // Windows can't sync a directory and does not need it.
  if (process.platform === "win32") return;
  const handle = openSync(directory, "r");
  fsyncSync(handle);
  closeSync(handle);
}
