// A mounted lossyfs (lossyfs.c): a disk that loses unsynced writes when its power is cut, and that can fail or lie on request.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, closeSync, constants, fsyncSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

const SOURCE = join(import.meta.dirname, "lossyfs.c");
const PACKAGES = "fuse3, libfuse3-dev, pkg-config and gcc";

export type DiskError = "EIO" | "ENOSPC";

export class LossyDisk {
  /** A durable directory on the disk. */
  readonly folder: string;
  readonly #mount: string;
  readonly #binary: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(mount: string, binary: string, child: ChildProcess, lines: Interface) {
    this.#mount = mount;
    this.folder = join(mount, "shop");
    this.#binary = binary;
    this.#child = child;
    this.#lines = lines;
  }

  /** Compiles and mounts the file system. Errors: with the packages or rights that are missing. */
  static async mount(): Promise<LossyDisk> {
    const binary = compile();
    const mount = mkdtempSync(join(tmpdir(), "jangnal-disk-"));
    // PostgreSQL runs as another user than root and needs access.
    const options = process.getuid?.() === 0 ? "allow_other,default_permissions" : "default_permissions";
    const child = spawn(join(binary, "lossyfs"), ["-f", "-o", `${options},fsname=lossyfs`, mount], { stdio: ["pipe", "pipe", "ignore"] });
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([once(lines, "line"), once(child, "close").then(() => ["ended"])])) as [string];
    if (line !== "ready") throw new Error("lossyfs cannot be mounted here: it needs /dev/fuse and the right to mount");
    const disk = new LossyDisk(mount, binary, child, lines);
    mkdirSync(disk.folder);
    syncDirectory(mount);
    return disk;
  }

  /** Loses power. Keeps this percentage of the data that was not synced, by chance. No process may use the disk. */
  async cut(seed: number, percent: number): Promise<void> {
    await this.#order(`cut ${seed} ${percent}`);
  }

  /** From now on, fsync reports success and does nothing. */
  async lie(): Promise<void> {
    await this.#order("lie");
  }

  /** Lets writes or fsyncs of paths with this prefix, relative to the folder, fail. */
  async fail(call: "write" | "fsync", error: DiskError, prefix: string): Promise<void> {
    await this.#order(`fail ${call} ${error} ${join("/shop", prefix)}`);
  }

  /** Ends all failures. Returns the number of calls that failed. */
  async heal(): Promise<number> {
    return Number((await this.#order("heal")).split(" ")[0]);
  }

  async unmount(): Promise<void> {
    spawnSync("fusermount3", ["-u", "-z", this.#mount]);
    if (this.#child.exitCode === null) await once(this.#child, "close");
    rmdirSync(this.#mount);
    rmSync(this.#binary, { recursive: true });
  }

  async #order(line: string): Promise<string> {
    const answered = once(this.#lines, "line");
    this.#child.stdin?.write(`${line}\n`);
    const [answer] = (await answered) as [string];
    if (!answer.endsWith("ok")) throw new Error(`lossyfs: ${line}: ${answer}`);
    return answer;
  }
}

/** Returns the folder of the program. */
function compile(): string {
  try {
    accessSync("/dev/fuse", constants.W_OK);
  } catch {
    throw new Error("power cuts need /dev/fuse");
  }
  const flags = spawnSync("pkg-config", ["fuse3", "--cflags", "--libs"], { encoding: "utf8" });
  if (flags.status !== 0) throw new Error(`power cuts need ${PACKAGES}`);
  const folder = mkdtempSync(join(tmpdir(), "jangnal-lossyfs-"));
  const args = ["-O2", "-Wall", "-Wextra", "-Werror", "-o", join(folder, "lossyfs"), SOURCE, ...flags.stdout.trim().split(/\s+/)];
  const compiled = spawnSync("gcc", args, { encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(compiled.error ? `power cuts need ${PACKAGES}` : compiled.stderr);
  return folder;
}

function syncDirectory(path: string): void {
  const handle = openSync(path, "r");
  fsyncSync(handle);
  closeSync(handle);
}
