// Preloaded into a shop (`NODE_OPTIONS=--import`): reports every kill point that the shop passes, and kills the process at one of them.
// The shop's code does not know it. A kill point is a statement to PostgreSQL, a gateway call or a step of writing the event file:
// `before` it is sent, when it is `sent`, and when it is `answered`.
//
// CRASH_POINTS is the file for the kill points; CRASH_POINT and CRASH_PASS say at which one to die, and at which pass. One process dies:
// the one that creates the file CRASH_MARK. The process that replaces a worker or the till would otherwise die at the same point for ever.

import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import pg from "pg";

const { CRASH_POINTS = "", CRASH_POINT, CRASH_PASS, CRASH_MARK = "" } = process.env;
const report = openSync(CRASH_POINTS, "a");
const TORN = "event file: append, torn";
const passed = new Map<string, number>();

/** Whether the process dies when it next passes this point. */
function isDue(point: string): boolean {
  return point === CRASH_POINT && (passed.get(point) ?? 0) + 1 === Number(CRASH_PASS) && !existsSync(CRASH_MARK);
}

/** Reports a point, and kills the process if it is due. */
function pass(point: string): void {
  const due = isDue(point);
  if (!passed.has(point)) writeSync(report, `${point}\n`);
  passed.set(point, (passed.get(point) ?? 0) + 1);
  if (!due || !isFirstToDie()) return;
  writeSync(report, `died ${point}\n`);
  process.kill(process.pid, "SIGKILL");
}

function isFirstToDie(): boolean {
  try {
    closeSync(openSync(CRASH_MARK, "wx"));
    return true;
  } catch {
    return false; // Another process was faster.
  }
}

type Query = string | { name?: string; text?: string };
type Callback = (error: Error | null, result: unknown) => void;
type Send = (this: pg.Client, query: Query, ...rest: unknown[]) => unknown;

const client = pg.Client.prototype as unknown as { query: Send };
const { query } = client;
client.query = function (this: pg.Client, ...args) {
  const step = `${(this as unknown as { pipeline: boolean }).pipeline ? "till" : "database"}: ${nameOf(args[0])}`;
  pass(`${step}, before`);
  const last = args.length - 1;
  const callback = args[last];
  if (typeof callback === "function")
    args[last] = (error: Error | null, result: unknown) => {
      pass(`${step}, answered`);
      (callback as Callback)(error, result);
    };
  const answer = query.apply(this, args);
  pass(`${step}, sent`);
  // The caller's own handlers run after this one.
  if (answer instanceof Promise)
    answer.then(
      () => pass(`${step}, answered`),
      () => {},
    );
  return answer;
};

/** The name of a prepared statement; of others the first words and the sending file. */
function nameOf(sent: Query): string {
  if (typeof sent !== "string" && sent.name !== undefined) return sent.name;
  const text = (typeof sent === "string" ? sent : (sent.text ?? "")).trim().split(/\s+/).slice(0, 4).join(" ").replaceAll(/\d+/g, "n");
  return `${text} (${placeOf(new Error().stack ?? "")})`;
}

/** The first file of the call stack above the database layer. */
function placeOf(stack: string): string {
  return [...stack.matchAll(/\/src\/([\w/-]+)\.ts/g)].map(([, file]) => file).find((file) => !/^database\/(pool|client)$/.test(file ?? "")) ?? "pool";
}
Error.stackTraceLimit = 30;

const { fetch } = globalThis;
globalThis.fetch = async (input, init) => {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  const step = `gateway: ${init?.method ?? "GET"} ${pathname.replace(/(?<=\/v1\/payments\/)(?!confirm$)[^/]+/, "…")}`;
  pass(`${step}, before`);
  const answer = fetch(input, init);
  pass(`${step}, sent`);
  const response = await answer;
  pass(`${step}, answered`);
  return response;
};

const probe = await open(CRASH_POINTS);
const file = Object.getPrototypeOf(probe) as FileHandle;
await probe.close();
const { appendFile, datasync, truncate } = file;
file.appendFile = async function (this: FileHandle, data, ...rest) {
  pass("event file: append, before");
  // A write that stops in the middle of a line, as on a full disk.
  if (isDue(TORN)) await appendFile.call(this, String(data).slice(0, String(data).length / 2));
  pass(TORN);
  await appendFile.call(this, data, ...rest);
  pass("event file: append, answered");
};
file.datasync = async function (this: FileHandle) {
  await datasync.call(this);
  pass("event file: sync, answered");
};
file.truncate = async function (this: FileHandle, ...args) {
  pass("event file: cut a torn line, before");
  await truncate.apply(this, args);
  pass("event file: cut a torn line, answered");
};
