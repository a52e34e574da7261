import { spawnSync } from "node:child_process";
import { accessSync, constants, lchownSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { unusable } from "../data-dir.ts";

/** The user that PostgreSQL runs as, and how to start a process as that user. */
export type Account = {
  /** The start of every command line. */
  prefix: string[];
  /** Options for spawn; empty if the prefix changes the user. */
  ids: { uid?: number; gid?: number };
  /**
   * The required owner of the files, as seen by this process; absent if this process is the owner.
   */
  owner?: Ids;
};

type Ids = { uid: number; gid: number };

/**
 * Chooses how to run PostgreSQL. It refuses to run as root, so if this process is root, PostgreSQL
 * runs as the cluster's owner or as an unprivileged system user. That user must reach DATA_DIR and
 * the binaries, which a checkout below a home of mode 700 prevents. Each way is tried rather than
 * predicted from mode bits and capabilities, because ACLs, seccomp and security modules matter,
 * too. The first way that works is taken. Errors: one sentence for the operator.
 */
export function chooseAccount(dataDir: string, binaries: Binaries, socketDirectory: string | undefined): Account {
  if (process.platform === "win32") return { prefix: [], ids: {} };
  const dying = dieWithParent();
  let reason = "";
  for (const way of waysToRun(dataDir)) {
    const account = { ...way, prefix: [...way.prefix, ...dying] };
    const failure = tryAccount(account, dataDir, binaries, socketDirectory);
    if (failure === undefined) return account;
    reason ||= failure;
  }
  if (process.getuid?.() !== 0) throw unusable(dataDir, reason);
  throw new Error(
    `PostgreSQL cannot run as root and no other user can reach ${dataDir} and ${binaries.postgres}: ` +
      `start as an ordinary user, set DATA_DIR to a directory that all may traverse, or set DATABASE_URL (${reason}).`,
  );
}

/**
 * Makes the kernel send PostgreSQL SIGINT (a fast shutdown) when this process ends, however it
 * ends. If setpriv is missing, the next start stops the server that is left.
 */
function dieWithParent(): string[] {
  const prefix = ["setpriv", "--pdeathsig", "INT"];
  return process.platform === "linux" && spawnSync("setpriv", [...prefix.slice(1), "true"]).status === 0 ? prefix : [];
}

function waysToRun(dataDir: string): Account[] {
  const mapped = (user: Ids): string[] => ["unshare", "--user", `--map-user=${user.uid}`, `--map-group=${user.gid}`];
  if (process.getuid?.() !== 0) {
    const unchanged: Account = { prefix: [], ids: {} };
    const nobody = findUser("nobody");
    // initdb requires a user with a name. A container that was started with an arbitrary uid has
    // none.
    return hasName() || nobody === undefined ? [unchanged] : [{ prefix: mapped(nobody), ids: {} }, unchanged];
  }
  const user = clusterOwner(dataDir) ?? findUser("postgres") ?? findUser("nobody") ?? { uid: 65534, gid: 65534 };
  // no_setuid_fixup, because initdb checks its sibling binaries with access(), which otherwise
  // ignores an ordinary user's capabilities.
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--securebits=+no_setuid_fixup"];
  const withCapability = (name: string): Account => ({
    prefix: ["setpriv", ...ids, `--inh-caps=-all,+${name}`, `--ambient-caps=-all,+${name}`],
    ids: {},
    owner: user,
  });
  return [
    { prefix: [], ids: user, owner: user },
    withCapability("dac_read_search"),
    // More powerful, but of the two the one that containers usually grant.
    withCapability("dac_override"),
    // Root outside and an ordinary user in its own namespace: needs no capability.
    { prefix: mapped(user), ids: {}, owner: { uid: 0, gid: 0 } },
  ];
}

/** Returns the reason why PostgreSQL can't run as this account, or undefined if it can. */
function tryAccount(account: Account, dataDir: string, binaries: Binaries, socketDirectory: string | undefined): string | undefined {
  let probe: string | undefined;
  try {
    probe = mkdtempSync(join(dataDir, "postgres-try-"));
    const places = [probe, socketDirectory ?? probe];
    for (const place of places) {
      own(place, account);
      // This process needs access as well, and root without its capabilities is an ordinary user.
      accessSync(place, constants.R_OK | constants.X_OK);
    }
    const script = 'cd "$1" && [ -w . ] && cd "$2" && [ -w . ] && exec "$3" --version';
    const command = [...account.prefix, "/bin/sh", "-c", script, "sh", ...places, binaries.postgres];
    const result = spawnSync(command[0] ?? "", command.slice(1), { ...account.ids, cwd: "/", env: binaries.env, encoding: "utf8" });
    if (result.status === 0) return undefined;
    return (result.stderr || result.error?.message || `signal ${result.signal}`).trim().split("\n").at(-1);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (probe !== undefined) rmdirSync(probe);
  }
}

/**
 * Makes the account the owner of a directory and its content. Does nothing if it already owns the
 * directory itself.
 */
export function own(directory: string, { owner }: Account): void {
  if (owner === undefined) return;
  const { uid, gid } = lstatSync(directory);
  if (uid === owner.uid && gid === owner.gid) return;
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    // Symbolic links themselves, not their targets, which may be outside.
    lchownSync(join(directory, name), owner.uid, owner.gid);
  }
  // Last, so that an interrupted change is repeated.
  lchownSync(directory, owner.uid, owner.gid);
}

/** A cluster that an ordinary user created stays theirs when root starts it. */
function clusterOwner(dataDir: string): Ids | undefined {
  const found = statSync(join(dataDir, "postgres"), { throwIfNoEntry: false });
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

function findUser(name: string): Ids | undefined {
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function hasName(): boolean {
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
}
