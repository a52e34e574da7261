// Loaded into a shop before anything of its own (`NODE_OPTIONS=--import`): notes every point at which the shop meets the world, and lets
// it die at one of them, as by SIGKILL. The shop itself knows nothing of this. A point is a statement to PostgreSQL, a call of the gateway
// or a step of writing the event file, `before` it is sent, once it is `sent`, and when it is `answered`.
//
// TORTURE_POINTS names the file in which points are noted when they are first passed, TORTURE_POINT and TORTURE_PASS where to die, and
// which time of passing it.

import { openSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import pg from "pg";

const { TORTURE_POINTS = "", TORTURE_POINT, TORTURE_PASS } = process.env;
const notes = openSync(TORTURE_POINTS, "a");
const TORN = "event file: append, torn";
const passed = new Map<string, number>();

/** Whether it is to die when it next passes this point. */
function isDue(point: string): boolean {
  return point === TORTURE_POINT && (passed.get(point) ?? 0) + 1 === Number(TORTURE_PASS);
}

/** Notes that the shop is here, which may be the last that it does. */
function pass(point: string): void {
  const due = isDue(point);
  if (!passed.has(point)) writeSync(notes, `${point}\n`);
  passed.set(point, (passed.get(point) ?? 0) + 1);
  if (!due) return;
  writeSync(notes, `died ${point}\n`);
  process.kill(process.pid, "SIGKILL");
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
  // Whoever sent it learns of the answer behind us.
  if (answer instanceof Promise)
    answer.then(
      () => pass(`${step}, answered`),
      () => {},
    );
  return answer;
};

/** What a prepared statement is called; of others the beginning, and where it was sent from. */
function nameOf(sent: Query): string {
  if (typeof sent !== "string" && sent.name !== undefined) return sent.name;
  const text = (typeof sent === "string" ? sent : (sent.text ?? "")).trim().split(/\s+/).slice(0, 4).join(" ").replaceAll(/\d+/g, "n");
  return `${text} (${placeOf(new Error().stack ?? "")})`;
}

/** The first file on the way here that is not about the database as such. */
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

const probe = await open(TORTURE_POINTS);
const file = Object.getPrototypeOf(probe) as FileHandle;
await probe.close();
const { appendFile, datasync, truncate } = file;
file.appendFile = async function (this: FileHandle, data, ...rest) {
  pass("event file: append, before");
  // As where the disk is full, or the machine stops, in the middle of a line.
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
