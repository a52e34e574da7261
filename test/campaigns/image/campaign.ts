import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Load } from "../../support/load.ts";
import { Client, good } from "../../support/shop.ts";
import { faultsOf, verifyLoad } from "../../support/verification.ts";
import { campaign, secondsSince } from "../campaign.ts";
import { Image, imageIsMissing } from "./buildah.ts";
import { Arrangement } from "./compose.ts";

export default campaign({
  summary:
    "builds the Dockerfile with buildah on a base made by debootstrap, runs the arrangement of compose.yaml from it by hand, and restarts each part under load",
  options: {
    folder: { type: "text", default: join(tmpdir(), "jangnal-image"), help: "keeps the base and the layers between runs" },
    orders: { type: "number", default: 150, help: "orders between two steps" },
    memory: { type: "number", default: 1024, help: "limit of each instance in MB" },
  },
  async run({ folder, orders, memory }) {
    const missing = imageIsMissing();
    if (missing !== undefined) throw new Error(missing);
    const startedAt = performance.now();
    const note = (line: string): void => console.log(`${secondsSince(startedAt)}: ${line}`);
    const image = new Image(folder, note);
    const findings: string[] = [];
    const expect = (what: string, isRight: boolean): void => {
      note(`${isRight ? "right" : "WRONG"}: ${what}`);
      if (!isRight) findings.push(what);
    };
    note(`image: ${image.size} MB, ${JSON.stringify({ ...image.config, env: undefined, healthCheck: undefined })}`);
    expect("the image's user is node", image.config.user === "node" && image.runOnce("id", "-u").trim() === "1000");
    expect("the image's command prints its help", image.runOnce(...image.config.entrypoint, "--help").includes("npx jangnal COMMAND"));
    const limit = existsSync("/sys/fs/cgroup/memory") ? memory : undefined;
    const all = await Arrangement.start(image, limit);
    try {
      await inspect(all, expect);
      await restartEach(all, orders, expect, note);
    } finally {
      await all.remove();
      image.remove();
    }
    for (const finding of findings) console.error(finding);
    note(`${findings.length} findings`);
    return findings.length === 0;
  },
});

type Expect = (what: string, isRight: boolean) => void;

async function inspect(all: Arrangement, expect: Expect): Promise<void> {
  const pid = all.shop("a").child.pid ?? 0;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  expect(
    "an instance runs as user 1000, without capabilities or new privileges",
    /^Uid:\s+1000\s+1000/m.test(status) && /^CapEff:\s+0+$/m.test(status) && /^NoNewPrivs:\s+1$/m.test(status),
  );
  expect("its root is read-only", / \/ \/ ro,| \/ ro[ ,]/.test(readFileSync(`/proc/${pid}/mountinfo`, "utf8")));
  expect("the health check of the image says that it is healthy", (await all.checkHealth("a")) === 0);
  await all.stopShop("b");
  expect("control: the health check fails for a stopped instance", (await all.checkHealth("b")) === 1);
  await all.startShop("b");
  expect("the balancer answers with the shop", good(await new Client(all.url, "an-operator", "operator").get("/readyz"), 200) !== undefined);
}

async function restartEach(all: Arrangement, orders: number, expect: Expect, note: (line: string) => void): Promise<void> {
  const operator = new Client(all.url, "an-operator", "operator");
  const load = new Load({ instances: () => [all.url], operator, buyers: 10 });
  await load.start();
  const lap = async (what: string): Promise<void> => {
    await load.more(orders, 300_000);
    const { acknowledged, longestPauseMs, retries } = load.lap();
    note(`${what}: ${acknowledged} orders, longest pause ${Math.round(longestPauseMs)} ms, ${retries} retries`);
  };
  await lap("quiet");
  for (const name of ["a", "b"] as const) {
    const end = await all.stopShop(name);
    expect(`instance ${name} ends with 0 on the image's stop signal`, end.startsWith("0"));
    await lap(`instance ${name} stopped`);
    await all.startShop(name);
    await lap(`instance ${name} started again`);
  }
  for (const name of ["a", "b"] as const) {
    await all.stopShop(name, "SIGKILL");
    await all.startShop(name);
    await lap(`instance ${name} killed and started`);
  }
  await all.redis.kill();
  await lap("Redis killed");
  await all.redis.start();
  await lap("Redis started");
  await all.nats.kill();
  await lap("NATS killed");
  await all.nats.start();
  await lap("NATS started");
  await all.restartBalancer();
  await lap("the balancer restarted");
  await all.pair.primary.kill();
  all.pair.standby.promote();
  await lap("the primary killed, the standby promoted");
  await load.stop();
  const peak = peakMb(all.shop("a").child.pid ?? 0);
  note(`peak resident memory of instance a: ${peak} MB`);
  const verification = await verifyLoad(all.pair.standby.url, load);
  const faults = Object.entries(faultsOf(verification)).flatMap(([kind, found]) => found.map((one) => `${kind}: ${one}`));
  expect(`${verification.acknowledged} acknowledged orders: none lost, none twice ${faults.slice(0, 3).join()}`, faults.length === 0);
  for (let tries = 0; tries < 100; tries++) {
    if (good(await operator.get("/admin/events?status=WAITING&limit=1"), 200).events.length === 0) break;
    await pause(500);
  }
  expect("all events are delivered", good(await operator.get("/admin/events?status=WAITING&limit=1"), 200).events.length === 0);
  expect("the audit finds nothing", good(await operator.get("/admin/audit"), 200).violations.length === 0);
}

function peakMb(pid: number): number {
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024);
}
