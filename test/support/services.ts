// Private Redis, NATS and Kafka servers from the installed binaries, on their own ports and data directories.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A server that can be killed, stopped and restarted on the same port. */
export type Service = {
  url: string;
  port: number;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open without responses. */
  freeze(): void;
  thaw(): void;
  start(): Promise<void>;
  /** Kills the server and deletes its data. */
  remove(): Promise<void>;
};

const STARTS_WITHIN_MS = 60_000;

/** Redis without persistence, empty after a restart. `{port}` in the settings is replaced by its port. */
export function startRedis(...settings: string[]): Promise<Service> {
  return service("redis", (port, dir) => [
    findBinary("redis-server"),
    "--bind",
    "127.0.0.1",
    "--port",
    String(port),
    "--dir",
    dir,
    "--save",
    "",
    "--appendonly",
    "no",
    ...settings.map((setting) => (setting === "{port}" ? String(port) : setting)),
  ]);
}

/** A Sentinel that watches one primary by the name `shop`, and may replace it alone. */
export function startSentinel(primary: { port: number }): Promise<Service> {
  return service("sentinel", (port, dir) => {
    const config = join(dir, "sentinel.conf");
    const watched = [`sentinel monitor shop 127.0.0.1 ${primary.port} 1`, "sentinel down-after-milliseconds shop 500"];
    writeFileSync(config, ["bind 127.0.0.1", `port ${port}`, `dir ${dir}`, ...watched, ""].join("\n"));
    return [findBinary("redis-server"), config, "--sentinel"];
  });
}

/** NATS with JetStream on disk. */
export function startNats(...settings: string[]): Promise<Service> {
  return service("nats", (port, dir) => [findBinary("nats-server"), "-a", "127.0.0.1", "-p", String(port), "-js", "-sd", dir, ...settings]);
}

async function service(scheme: string, command: (port: number, dir: string) => string[]): Promise<Service> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), `jangnal-${scheme}-`));
  let child: ChildProcess | undefined;
  const started = {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    async start() {
      const [file = "", ...args] = command(port, dir);
      child = spawn(file, args, { stdio: "ignore" });
      killAtExit(child);
      await accepting(port, child);
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    async remove() {
      await started.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await started.start();
  return started;
}

/** The mock Kafka cluster of librdkafka, in an idle kcat. It keeps nothing on disk. */
export async function startKafkaMock(): Promise<{ broker: string; remove(): Promise<void> }> {
  const child = spawn(findBinary("kcat"), ["-P", "-b", "unused:1", "-t", "unused", "-X", "test.mock.num.brokers=3", "-d", "mock"], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  killAtExit(child);
  let output = "";
  const broker = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-10_000);
      const found = /bootstrap\.servers=([\d.:]+)/.exec(output);
      if (found) resolve(found[1] as string);
    });
    child.once("exit", () => reject(new Error(`kcat ended: ${output}`)));
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    broker,
    async remove() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** All messages of a topic, read with kcat, which is independent of the code under test. */
export function readKafka(broker: string, topic: string): { key: string; value: string; partition: number }[] {
  const read = spawnSync(findBinary("kcat"), ["-C", "-q", "-e", "-o", "beginning", "-b", broker, "-t", topic, "-f", "%p\\t%k\\t%s\\n"], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return read.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [partition, key = "", value = ""] = line.split("\t");
      return { partition: Number(partition), key, value };
    });
}

/** A port below the ephemeral range, so that it stays free until it is used and while its server is down. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Kills the child when this process exits. */
export function killAtExit(child: ChildProcess): void {
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
}

export function findBinary(name: string): string {
  const path = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
  if (path === undefined) throw new Error(`${name} is not installed; npm run test:services needs it`);
  return path;
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + STARTS_WITHIN_MS; ;) {
    if (child.exitCode !== null) throw new Error(`the server exited with code ${child.exitCode}`);
    if (await connects(port)) return;
    if (Date.now() > deadline) throw new Error(`no connection to port ${port}`);
    await pause(20);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.destroy() && true));
    socket.once("error", () => resolve(false));
  });
}
