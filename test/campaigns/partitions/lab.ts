// Hosts on one switch, each a network namespace of its own. Cuts drop packets where they arrive, so that the sender learns nothing of
// it, as when a cable breaks. Addresses exist inside the namespaces only.

import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ended } from "../../support/power-failure.ts";

const SUBNET = "10.99.0";
const RULES = `table inet cut {
  set from { type ipv4_addr; }
  chain arriving { type filter hook input priority 0; ip saddr @from drop; }
}`;

/** Programs of the campaign by their Debian packages. */
const PROGRAMS = {
  iproute2: ["/usr/bin/ip", "/usr/sbin/ip", "/sbin/ip", "/bin/ip"],
  nftables: ["/usr/sbin/nft"],
  patroni: ["/usr/bin/patroni"],
  "etcd-server": ["/usr/bin/etcd"],
  haproxy: ["/usr/sbin/haproxy"],
  "postgresql-15": ["/usr/lib/postgresql/15/bin/postgres"],
  "redis-server": ["/usr/bin/redis-server"],
  "redis-sentinel": ["/usr/bin/redis-sentinel"],
  "nats-server": ["/usr/sbin/nats-server", "/usr/bin/nats-server"],
};

/** Returns one line that names the programs and rights that this machine lacks for the campaign, or undefined. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "partitions need root, for network namespaces";
  const packages = Object.entries(PROGRAMS).filter(([, paths]) => !paths.some((path) => existsSync(path)));
  return packages.length === 0 ? undefined : `partitions need the packages ${packages.map(([name]) => name).join(", ")}`;
}

/** A program on a host. */
export type Program = { pid: number; child: ChildProcess; log: string };

/** Labs of this process. */
let created = 0;

export class Lab {
  readonly folder: string;
  readonly #prefix: string;
  readonly #hosts: string[];

  private constructor(folder: string, prefix: string, hosts: string[]) {
    this.folder = folder;
    this.#prefix = prefix;
    this.#hosts = hosts;
  }

  /** Creates hosts in order, with the addresses .1, .2 and so on. Errors: those of `ip` and `nft`. */
  static create(hosts: readonly string[]): Lab {
    const folder = mkdtempSync(join(tmpdir(), "jangnal-partitions-"));
    chmodSync(folder, 0o755);
    const lab = new Lab(folder, `jangnal-${process.pid}-${created++}-`, [...hosts]);
    try {
      run(["ip", "netns", "add", lab.#namespace("switch")]);
      run(["ip", "-n", lab.#namespace("switch"), "link", "add", "switch", "type", "bridge"]);
      run(["ip", "-n", lab.#namespace("switch"), "link", "set", "switch", "up"]);
      for (const host of hosts) lab.#addHost(host);
    } catch (error) {
      lab.remove();
      throw error;
    }
    return lab;
  }

  /** Finds the hosts that another process has created. */
  static join({ folder, prefix, hosts }: { folder: string; prefix: string; hosts: string[] }): Lab {
    return new Lab(folder, prefix, hosts);
  }

  toJSON(): { folder: string; prefix: string; hosts: string[] } {
    return { folder: this.folder, prefix: this.#prefix, hosts: this.#hosts };
  }

  #addHost(host: string): void {
    const [namespace, hub] = [this.#namespace(host), this.#namespace("switch")];
    run(["ip", "netns", "add", namespace]);
    run(["ip", "link", "add", "wire", "netns", namespace, "type", "veth", "peer", "name", host, "netns", hub]);
    run(["ip", "-n", hub, "link", "set", host, "master", "switch", "up"]);
    run(["ip", "-n", namespace, "addr", "add", `${this.address(host)}/24`, "dev", "wire"]);
    for (const link of ["lo", "wire"]) run(["ip", "-n", namespace, "link", "set", link, "up"]);
    run([...this.#in(host), "nft", "-f", "-"], RULES);
  }

  address(host: string): string {
    return `${SUBNET}.${this.#hosts.indexOf(host) + 1}`;
  }

  /** Drops all packets from one host to another. */
  cut(from: string, to: string): void {
    run([...this.#in(to), "nft", "add", "element", "inet", "cut", "from", `{ ${this.address(from)} }`]);
  }

  cutBoth(left: readonly string[], right: readonly string[]): void {
    for (const one of left)
      for (const other of right) {
        this.cut(one, other);
        this.cut(other, one);
      }
  }

  heal(): void {
    for (const host of this.#hosts) run([...this.#in(host), "nft", "flush", "set", "inet", "cut", "from"]);
  }

  /** A folder for a host's files, owned by `postgres`. */
  files(host: string): string {
    const folder = join(this.folder, host);
    mkdirSync(folder, { recursive: true });
    const [uid = 0, gid = 0] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout));
    chownSync(folder, uid, gid);
    return folder;
  }

  write(host: string, name: string, text: string): string {
    const path = join(this.files(host), name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts a program on a host. Its output goes into the host's folder. */
  start(host: string, command: readonly string[], { env = {}, as }: { env?: Record<string, string>; as?: string } = {}): Program {
    const log = join(this.files(host), `${command[0]?.split("/").at(-1)}.log`);
    const out = openSync(log, "a");
    const user = as === undefined ? [] : ["setpriv", "--reuid", as, "--regid", as, "--clear-groups"];
    const [file = "", ...args] = [...this.#in(host), ...user, ...command];
    const child = spawn(file, args, {
      stdio: ["ignore", out, out],
      cwd: this.files(host),
      env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin`, LANG: "C.UTF-8", ...env },
    });
    return { pid: child.pid ?? 0, child, log };
  }

  /** Starts a program whose standard output the caller reads. */
  startHere(host: string, command: readonly string[]): ChildProcessByStdio<null, Readable, null> {
    const [file = "", ...args] = [...this.#in(host), ...command];
    return spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  }

  /** Ids of all processes on a host. */
  processes(host: string): number[] {
    const listed = spawnSync("ip", ["netns", "pids", this.#namespace(host)], { encoding: "utf8" });
    return listed.stdout.split(/\s+/).filter(Boolean).map(Number);
  }

  signal(host: string, signal: NodeJS.Signals, except: readonly number[] = []): number[] {
    const processes = this.processes(host).filter((pid) => pid !== process.pid && !except.includes(pid));
    for (const pid of processes) send(pid, signal);
    return processes;
  }

  /** Ends all processes of a host at once. Resolves when they have ended. */
  async powerOff(host: string): Promise<void> {
    for (let running = this.signal(host, "SIGKILL"); running.length > 0; running = this.signal(host, "SIGKILL"))
      await Promise.race([ended(running), pause(5000)]);
  }

  /** Ends what runs on the hosts, and removes them and their files. */
  remove(): void {
    for (const host of [...this.#hosts, "switch"]) {
      this.signal(host, "SIGKILL");
      spawnSync("ip", ["netns", "del", this.#namespace(host)]);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #namespace(host: string): string {
    return `${this.#prefix}${host}`;
  }

  #in(host: string): string[] {
    return ["ip", "netns", "exec", this.#namespace(host)];
  }
}

export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {} // It has ended already.
}

function run([file = "", ...args]: string[], input = ""): void {
  const { status, stderr, error } = spawnSync(file, args, { encoding: "utf8", input, env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` } });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}
