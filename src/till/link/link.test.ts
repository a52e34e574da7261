// The link between a till and its workers, on a real socket, with a till that answers when the test says so.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Refusal } from "../../refusal.ts";
import type { Command } from "../command.ts";
import { RemoteTill } from "./remote-till.ts";
import { TillServer } from "./till-server.ts";
import type { TillLoad } from "./wire.ts";

const echo: Command<unknown, unknown> = { name: "echo", needs: () => [], decide: () => null };
const unknown: Command<unknown, unknown> = { ...echo, name: "unknown" };
const IDLE: TillLoad = { expectedMs: 0, msPerCommand: 0.1, smallRoundMs: 1 };

type Arrived = { input: unknown; finish: boolean; gone: () => boolean; resolve: (answer: unknown) => void; reject: (error: unknown) => void };

/** A till on a socket, whose commands wait in `arrived` until the test answers them. */
async function openLink(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "jangnal-link-"));
  const path = join(directory, "till.sock");
  const arrived: Arrived[] = [];
  const faults: string[] = [];
  const heard: unknown[] = [];
  const workers: RemoteTill[] = [];
  const till = {
    load: IDLE,
    submit: (_command: unknown, input: unknown, gone: () => boolean) => take(input, gone, false),
    finish: (_command: unknown, input: unknown, gone: () => boolean) => take(input, gone, true),
  };
  const take = (input: unknown, gone: () => boolean, finish: boolean): Promise<never> =>
    new Promise((resolve, reject) => arrived.push({ input, finish, gone, resolve: resolve as (answer: unknown) => void, reject }));
  const open = async (): Promise<TillServer> => {
    const server = new TillServer({ till: till as never, commands: new Map([["echo", echo]]), onFault: (name) => faults.push(name) });
    await server.listen(path);
    return server;
  };
  const connect = (): RemoteTill => {
    const onAnnounced = (message: string): unknown => heard.push(message);
    const onEvents = (): unknown => heard.push("events");
    const worker = new RemoteTill({ path, waitMs: 1000, onAnnounced, onEvents, onChange: (up) => heard.push(up) });
    worker.start();
    workers.push(worker);
    return worker;
  };
  const server = await open();
  const worker = connect();
  t.after(async () => {
    for (const one of workers) one.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  await until(() => worker.isUp);
  return { till, server, worker, connect, arrived, faults, heard };
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition(); await turn()) if (Date.now() > deadline) assert.fail(`in vain: ${String(condition)}`);
}

const codeOf = async (submitted: Promise<unknown>): Promise<string> =>
  submitted.then(
    () => assert.fail("it was answered"),
    (error: unknown) => (error as Refusal).code,
  );

describe("the link between a till and a worker", () => {
  // Fails if a message is cut at the end of a chunk, also in the middle of a letter.
  test("carries inputs, answers and refusals of any size, each to its command", async (t) => {
    const { worker, arrived } = await openLink(t);
    const large = "장날 ".repeat(400_000);
    const answers = [worker.submit(echo, { large }), worker.submit(echo, { small: 1 }), worker.finish(echo, null)];
    await until(() => arrived.length === 3);
    assert.deepEqual(
      arrived.map(({ input, finish }) => [input, finish]),
      [
        [{ large }, false],
        [{ small: 1 }, false],
        [null, true],
      ],
    );
    arrived[1]?.reject(new Refusal("STOCK_INSUFFICIENT", { variantId: "v" }));
    arrived[2]?.resolve(null);
    arrived[0]?.resolve({ large });
    assert.deepEqual(await answers[0], { large });
    await assert.rejects(answers[1] as Promise<unknown>, { code: "STOCK_INSUFFICIENT", details: { variantId: "v" } });
    assert.equal(await answers[2], null);
  });

  // Fails if a worker drops the place, or the till executes the command outside of it.
  test("a command arrives with its place in a trace, if it has one", async () => {
    const places: (string | undefined)[] = [];
    const directory = mkdtempSync(join(tmpdir(), "jangnal-link-"));
    const path = join(directory, "till.sock");
    let place: string | undefined = "00-trace-span-01";
    const till = { load: IDLE, submit: async () => null, finish: async () => null };
    const within = <T>(traceparent: string | undefined, execute: () => T): T => {
      places.push(traceparent);
      return execute();
    };
    const server = new TillServer({ till: till as never, commands: new Map([["echo", echo]]), onFault() {}, within });
    await server.listen(path);
    const worker = new RemoteTill({ path, waitMs: 1000, onAnnounced() {}, onChange() {}, traceparent: () => place });
    worker.start();
    await until(() => worker.isUp);
    await worker.submit(echo, null);
    place = undefined;
    await worker.submit(echo, null);
    assert.deepEqual(places, ["00-trace-span-01", undefined]);
    worker.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test("a command that the till does not know, and a bug, are INTERNAL and reported", async (t) => {
    const { worker, arrived, faults } = await openLink(t);
    assert.equal(await codeOf(worker.submit(unknown, null)), "INTERNAL");
    const failed = codeOf(worker.submit(echo, null));
    await until(() => arrived.length === 1);
    arrived[0]?.reject(new Error("a bug"));
    assert.equal(await failed, "INTERNAL");
    assert.deepEqual(faults, ["unknown", "echo"]);
  });

  test("the till learns that a caller has gone, and that a worker has died", async (t) => {
    const { worker, connect, arrived } = await openLink(t);
    const other = connect();
    await until(() => other.isUp);
    let gone = false;
    void worker.submit(echo, "left", () => gone).catch(() => {});
    void worker.submit(echo, "stays").catch(() => {});
    const lost = codeOf(other.submit(echo, "of a dead worker"));
    await until(() => arrived.length === 3);
    const isGone = (input: string): boolean => arrived.find((one) => one.input === input)?.gone() ?? false;
    assert.ok(!isGone("left") && !isGone("stays") && !isGone("of a dead worker"));
    gone = true;
    other.close();
    assert.equal(await lost, "UNAVAILABLE");
    await until(() => isGone("left") && isGone("of a dead worker"));
    assert.ok(!isGone("stays"));
  });

  test("all workers are told once of the events of several rounds", async (t) => {
    const { server, connect, heard } = await openLink(t);
    const other = connect();
    await until(() => other.isUp);
    server.announceEvents();
    server.announceEvents();
    await until(() => heard.filter((one) => one === "events").length === 2);
    server.announce("stock @a");
    await until(() => heard.filter((one) => one === "stock @a").length === 2);
    assert.equal(heard.filter((one) => one === "events").length, 2);
  });

  test("a round is announced to all workers before it is answered", async (t) => {
    const { server, worker, arrived, heard } = await openLink(t);
    const answered = worker.submit(echo, null).then(() => heard.push("answered"));
    await until(() => arrived.length === 1);
    server.announce("stock @a");
    arrived[0]?.resolve(null);
    await answered;
    assert.deepEqual(heard, [true, "stock @a", "answered"]);
  });

  // Fails if a worker asks a till that it knows to be overloaded, or trusts an old load for ever.
  test("a worker refuses by the load that the till reported, until that load would be gone", async (t) => {
    const { till, worker, arrived } = await openLink(t);
    assert.equal(worker.rejectIfOverloaded(), undefined);
    till.load = { expectedMs: 1500, msPerCommand: 1, smallRoundMs: 1 };
    const answered = worker.submit(echo, null);
    await until(() => arrived.length === 1);
    arrived[0]?.resolve(null);
    await answered;
    const refusal = worker.rejectIfOverloaded();
    assert.deepEqual([refusal?.code, refusal?.details.retryAfter], ["BUSY", 2]);
    await until(() => worker.rejectIfOverloaded() === undefined);
  });

  test("a worker without a till refuses at once", async () => {
    const worker = new RemoteTill({ path: join(tmpdir(), "there-is-no-till.sock"), waitMs: 1000, onAnnounced() {}, onChange() {} });
    worker.start();
    assert.equal(worker.rejectIfOverloaded()?.code, "UNAVAILABLE");
    assert.equal(await codeOf(worker.submit(echo, null)), "UNAVAILABLE");
    worker.close();
  });
});
