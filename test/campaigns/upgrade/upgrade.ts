// A rolling upgrade from an earlier commit, whose files `git archive` writes to a temporary folder.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSingle } from "../../support/clusters.ts";
import { expectSeveralVersions } from "../../support/documented.ts";
import { Load } from "../../support/load.ts";
import { serve, VERSION_UNDER_TEST } from "../../support/process.ts";
import { Client, good } from "../../support/shop.ts";
import { faultsOf, verifyLoad } from "../../support/verification.ts";

type Instance = Awaited<ReturnType<typeof serve>>;

/** Faults of the load, violations of the audit, and the course of the upgrade. */
export type Upgraded = { faults: ReturnType<typeof faultsOf>; violations: unknown[]; notes: string[] };

/**
 * Sells on two instances of the earlier version, replaces one, sells and refunds on both versions, replaces the other, and moves the
 * orders behind the running shop.
 */
export async function upgrade({ from, orders }: { from: string | undefined; orders: number }): Promise<Upgraded> {
  expectSeveralVersions();
  const folder = mkdtempSync(join(tmpdir(), "jangnal-upgrade-"));
  const earlier = join(folder, "earlier");
  const commit = from ?? git("describe", "--tags", "--abbrev=0").trim();
  const notes = [`from ${commit}`];
  mkdirSync(earlier);
  execFileSync("tar", ["-x", "-C", earlier], { input: execFileSync("git", ["archive", commit], { cwd: VERSION_UNDER_TEST, maxBuffer: 2 ** 30 }) });
  symlinkSync(join(VERSION_UNDER_TEST, "node_modules"), join(earlier, "node_modules"));
  const cluster = await startSingle();
  const instances: Instance[] = [];
  const open = async (name: string, version: string): Promise<Instance> => {
    const instance = await serve({ DATABASE_URL: cluster.url, DATA_DIR: join(folder, name), BALANCE_FUNDING: "open" }, [], version);
    instances.push(instance);
    return instance;
  };
  const end = async (instance: Instance): Promise<void> => {
    instances.splice(instances.indexOf(instance), 1);
    instance.child.kill("SIGTERM");
    const { code, output } = await instance.ended;
    if (code !== 0) throw new Error(`an instance ended with ${code}: ${output}`);
  };
  try {
    const [first, second] = [await open("earlier-1", earlier), await open("earlier-2", earlier)];
    const load = new Load({
      instances: () => instances.map(({ url }) => url),
      operator: new Client(first.url, "an-operator", "operator"),
      buyers: 20,
    });
    await load.start();
    await load.more(orders);
    const upgraded = await open("present-1", VERSION_UNDER_TEST);
    await load.more(orders);
    await end(first);
    await load.more(orders);
    notes.push(`beside each other: ${await refundEach([second, upgraded], cluster, orders / 10)}, ${await moved(upgraded)}`);
    await open("present-2", VERSION_UNDER_TEST);
    await end(second);
    await load.more(orders);
    const moving = moved(upgraded);
    await load.more(orders);
    notes.push(`the earlier version has ended: ${await moving}`);
    notes.push(`moved again: ${await moved(upgraded)}, ${await refundEach([upgraded], cluster, orders / 10)}`);
    await load.stop();
    const verification = await verifyLoad(cluster.url, load);
    notes.push(`${verification.acknowledged} orders acknowledged, retries by code ${JSON.stringify([...load.retries.byCode])}`);
    const operator = new Client(upgraded.url, "an-operator", "operator");
    for (const job of ["aggregate-sales", "relay-events"]) good(await operator.post(`/admin/jobs/${job}/run`), 200);
    return { faults: faultsOf(verification), violations: good(await operator.get("/admin/audit"), 200).violations, notes };
  } finally {
    while (instances[0] !== undefined) await end(instances[0]);
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Cancels orders, each at another instance than the one before. */
async function refundEach(instances: Instance[], cluster: Awaited<ReturnType<typeof startSingle>>, count: number): Promise<string> {
  const rows = await cluster.query(`SELECT id FROM orders WHERE status = 'COMPLETED' ORDER BY random() LIMIT ${Math.ceil(count)}`);
  for (const [i, { id }] of rows.entries()) {
    const { url } = instances[i % instances.length] as Instance;
    good(await new Client(url, "an-operator", "operator").post(`/orders/${id}/cancel`), 200);
  }
  return `${rows.length} orders cancelled`;
}

async function moved({ url }: Instance): Promise<string> {
  const operator = new Client(url, "an-operator", "operator");
  return JSON.stringify(good(await operator.post("/admin/jobs/move-orders/run"), 200).lastResult);
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: VERSION_UNDER_TEST, encoding: "utf8" });
}
