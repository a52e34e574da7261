// The arrangement of compose.yaml, by hand: a balancer with Compose's configuration, two instances from the image, a primary with a
// synchronous standby, Redis and NATS.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startPair } from "../../support/clusters.ts";
import { VERSION_UNDER_TEST } from "../../support/process.ts";
import { findBinary, freePort, killAtExit, startNats, startRedis } from "../../support/services.ts";
import { SECRET } from "../../support/shop.ts";
import type { Image } from "./buildah.ts";

const HEALTHY_WITHIN_MS = 600_000;

export type Container = { port: number; child: ChildProcess; ended: Promise<string>; output: () => string };

export class Arrangement {
  readonly #image: Image;
  readonly #folder = mkdtempSync(join(tmpdir(), "jangnal-image-"));
  readonly #memoryMb: number | undefined;
  readonly #shops = new Map<"a" | "b", Container>();
  #balancer: ChildProcess | undefined;
  #ports = { balancer: 0, a: 0, b: 0 };
  pair!: Awaited<ReturnType<typeof startPair>>;
  redis!: Awaited<ReturnType<typeof startRedis>>;
  nats!: Awaited<ReturnType<typeof startNats>>;

  private constructor(image: Image, memoryMb: number | undefined) {
    this.#image = image;
    this.#memoryMb = memoryMb;
  }

  static async start(image: Image, memoryMb: number | undefined): Promise<Arrangement> {
    const all = new Arrangement(image, memoryMb);
    all.#ports = { balancer: await freePort(), a: await freePort(), b: await freePort() };
    all.pair = await startPair();
    all.redis = await startRedis("--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru");
    all.nats = await startNats();
    await Promise.all([all.startShop("a"), all.startShop("b")]);
    await all.startBalancer();
    return all;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.balancer}`;
  }

  shop(name: "a" | "b"): Container {
    return this.#shops.get(name) as Container;
  }

  /** Starts an instance with Compose's settings. Resolves when the image's health check says that it is healthy. */
  async startShop(name: "a" | "b"): Promise<void> {
    const { primary, standby, url } = this.pair;
    const env = {
      PORT: String(this.#ports[name]),
      HOST: "127.0.0.1",
      DATABASE_URL: url,
      DATABASE_READ_URL: (await isUp(standby.port)) ? standby.url : primary.url,
      REDIS_URL: `${this.redis.url}/0`,
      DATA_PLATFORM_URL: `${this.nats.url}/SHOP`,
      AUTH_JWT_SECRET: SECRET,
      TRUST_PROXY: "1",
      LOG_LEVEL: "error",
      BALANCE_FUNDING: "open",
    };
    const { entrypoint, command } = this.#image.config;
    const child = this.#image.start([...entrypoint, ...command], env, this.#memoryMb);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (output = (output + chunk.toString("utf8")).slice(-5000)));
    const ended = new Promise<string>((resolve) => child.once("close", (code, signal) => resolve(`${code ?? signal} ${output}`)));
    this.#shops.set(name, { port: this.#ports[name], child, ended, output: () => output });
    for (const deadline = Date.now() + HEALTHY_WITHIN_MS; (await this.checkHealth(name)) !== 0; await pause(500)) {
      if (child.exitCode !== null) throw new Error(`the container ended: ${await ended}`);
      if (Date.now() > deadline) throw new Error(`the container is not healthy: ${output}`);
    }
  }

  /** Runs the image's health check in it. Returns its exit code. */
  async checkHealth(name: "a" | "b"): Promise<number | null> {
    const child = this.#image.start(this.#image.config.healthCheck, { PORT: String(this.#ports[name]) });
    return new Promise((resolve) => child.once("close", resolve));
  }

  async startBalancer(): Promise<void> {
    const conf = readFileSync(join(VERSION_UNDER_TEST, "compose.yaml"), "utf8");
    const [, content = ""] = /^ {2}balancer:\n {4}content: \|\n((?: {6}.*\n)+)/m.exec(conf) ?? [];
    const { balancer, a, b } = this.#ports;
    const server = content
      .replaceAll("$$", "$")
      .replace("shop-a:3000", `127.0.0.1:${a}`)
      .replace("shop-b:3000", `127.0.0.1:${b}`)
      .replace("listen 80", `listen 127.0.0.1:${balancer}`);
    const path = join(this.#folder, "nginx.conf");
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${this.#folder}/${one};`).join("\n");
    writeFileSync(
      path,
      `daemon off; worker_processes 1; pid ${this.#folder}/nginx.pid; error_log ${this.#folder}/error.log;\nevents {}\nhttp {\naccess_log off;\n${temp}\n${server}\n}\n`,
    );
    this.#balancer = spawn(findBinary("nginx"), ["-c", path, "-p", this.#folder], { stdio: "ignore" });
    killAtExit(this.#balancer);
    for (const deadline = Date.now() + 10_000; !(await isUp(balancer)); await pause(50))
      if (Date.now() > deadline) throw new Error(`nginx did not start: ${readFileSync(join(this.#folder, "error.log"), "utf8")}`);
  }

  async restartBalancer(): Promise<void> {
    await endChild(this.#balancer, "SIGTERM");
    await this.startBalancer();
  }

  /** Sends the image's stop signal, or kills it. Resolves with how it ended. */
  async stopShop(name: "a" | "b", signal?: NodeJS.Signals): Promise<string> {
    const { child, ended } = this.shop(name);
    child.kill(signal ?? (this.#image.config.stopSignal as NodeJS.Signals));
    return ended;
  }

  async remove(): Promise<void> {
    for (const { child, ended } of this.#shops.values()) {
      child.kill("SIGKILL");
      await ended;
    }
    await endChild(this.#balancer, "SIGKILL");
    await this.redis?.remove();
    await this.nats?.remove();
    await this.pair?.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function endChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

async function isUp(port: number): Promise<boolean> {
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
      .once("connect", () => (socket.destroy(), resolve(true)))
      .once("error", () => resolve(false));
  });
}
