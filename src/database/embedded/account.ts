import { spawnSync } from "node:child_process";
import { accessSync, constants, lchownSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { unusable } from "../data-dir.ts";

/** As whom PostgreSQL runs, and how a process becomes that. */
export type Account = {
  /** Put before every command line. */
  prefix: string[];
  /** For spawn; absent where the prefix sees to it. */
  ids: { uid?: number; gid?: number };
  /** Who must own the files, seen from outside; absent where that is us anyway. */
  owner?: Ids;
};

type Ids = { uid: number; gid: number };

/**
 * PostgreSQL refuses to run as root, so there it runs as the cluster's owner, as `postgres` or as `nobody`; and that user must
 * reach DATA_DIR and the binaries, which a checkout below a home of mode 700 denies. The ways are tried, not judged
 * from mode bits and capability masks: ACLs, seccomp and security modules have their say too. The first that works is taken.
 */
export function chooseAccount(dataDir: string, binaries: Binaries, socketDirectory: string | undefined): Account {
  if (process.platform === "win32") return { prefix: [], ids: {} };
  const dying = dieWithParent();
  let said = "";
  for (const way of waysToRun(dataDir)) {
    const account = { ...way, prefix: [...way.prefix, ...dying] };
    const tried = tryAccount(account, dataDir, binaries, socketDirectory);
    if (tried === undefined) return account;
    said ||= tried;
  }
  if (process.getuid?.() !== 0) throw unusable(dataDir, said);
  throw new Error(
    `PostgreSQL cannot run as root and no other user can reach ${dataDir} and ${binaries.postgres}: ` +
      `start as an ordinary user, set DATA_DIR to a directory that all may traverse, or set DATABASE_URL (${said}).`,
  );
}

/**
 * PostgreSQL gets SIGINT, a shutdown in order, when the kernel sees us die, however that happens.
 * A convenience: where setpriv is missing, the next start stops what was left.
 */
function dieWithParent(): string[] {
  const prefix = ["setpriv", "--pdeathsig", "INT"];
  return process.platform === "linux" && spawnSync("setpriv", [...prefix.slice(1), "true"]).status === 0 ? prefix : [];
}

function waysToRun(dataDir: string): Account[] {
  const mapped = (user: Ids): string[] => ["unshare", "--user", `--map-user=${user.uid}`, `--map-group=${user.gid}`];
  if (process.getuid?.() !== 0) {
    const asWeAre: Account = { prefix: [], ids: {} };
    const nobody = findUser("nobody");
    // initdb wants its user to have a name; a container started with any number as its user has none.
    return hasName() || nobody === undefined ? [asWeAre] : [{ prefix: mapped(nobody), ids: {} }, asWeAre];
  }
  const user = clusterOwner(dataDir) ?? findUser("postgres") ?? findUser("nobody") ?? { uid: 65534, gid: 65534 };
  // The last, because access(), by which initdb looks for its neighbours, else disregards an ordinary user's capabilities.
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--securebits=+no_setuid_fixup"];
  const withCapability = (name: string): Account => ({
    prefix: ["setpriv", ...ids, `--inh-caps=-all,+${name}`, `--ambient-caps=-all,+${name}`],
    ids: {},
    owner: user,
  });
  return [
    { prefix: [], ids: user, owner: user },
    withCapability("dac_read_search"),
    // Mightier, but the one of the two that containers usually grant.
    withCapability("dac_override"),
    // Root outside, an ordinary user in its own namespace: needs neither of them.
    { prefix: mapped(user), ids: {}, owner: { uid: 0, gid: 0 } },
  ];
}

/** What stands in the way of running PostgreSQL like this, or undefined. */
function tryAccount(account: Account, dataDir: string, binaries: Binaries, socketDirectory: string | undefined): string | undefined {
  let probe: string | undefined;
  try {
    probe = mkdtempSync(join(dataDir, "postgres-try-"));
    const places = [probe, socketDirectory ?? probe];
    for (const place of places) {
      own(place, account);
      // We must get in as well, and root without its capabilities is an ordinary user.
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

/** Gives a directory and what is in it to the account. Cheap when it is there already: the top tells for all. */
export function own(directory: string, { owner }: Account): void {
  if (owner === undefined) return;
  const { uid, gid } = lstatSync(directory);
  if (uid === owner.uid && gid === owner.gid) return;
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    // A link itself, not what it leads to, which may lie outside.
    lchownSync(join(directory, name), owner.uid, owner.gid);
  }
  // Last, so that an interrupted change is taken up again.
  lchownSync(directory, owner.uid, owner.gid);
}

/** A cluster that an ordinary user made stays theirs when root starts it once. */
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
