// A shop of one till and several workers, like `serve --workers N`, within the process of a test: the same parts on the same sockets.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenOptions, type OpenShop, openShop } from "../../src/app/app.ts";
import type { Config } from "../../src/config.ts";
import { openSimulator } from "../../src/gateway/open-gateway.ts";

/** The addresses of all workers, by the address of the first. */
const spread = new Map<string, { urls: string[]; next: number }>();

/** Opens a till and `count` workers. Requests to the first worker's address are spread over all of them by `workerOf`. */
export async function openWorkers(config: Config, count: number, options: OpenOptions): Promise<OpenShop> {
  const directory = mkdtempSync(join(tmpdir(), "jangnal-till-"));
  const path = join(directory, "till.sock");
  const simulator = config.gateway.kind === "simulated" ? await openSimulator(config.dataDir, config.currency) : undefined;
  const shared = { ...config, gateway: { ...config.gateway, simulatorUrl: simulator?.url } };
  const till = await openShop(shared, { ...options, link: { role: "till", path } });
  const workers: OpenShop[] = [];
  for (let i = 0; i < count; i++) workers.push(await openShop(shared, { ...options, link: { role: "worker", path, relays: i === 0 } }));
  const [first] = workers as [OpenShop];
  if (simulator) simulator.simulator.webhooks.url = `${first.url}/payments/webhooks/toss`;
  spread.set(first.url, { urls: workers.map(({ url }) => url), next: 0 });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    spread.delete(first.url);
    await Promise.all(workers.map((worker) => worker.close()));
    await till.close();
    await simulator?.simulator.close();
    rmSync(directory, { recursive: true, force: true });
  };
  // A webhook is handled by the worker that it reaches.
  const idles = workers.map(({ settlement: { worker } }) => worker.idle.bind(worker));
  first.settlement.worker.idle = async () => void (await Promise.all(idles.map((idle) => idle())));
  return { ...first, close: () => (closing ??= close()) };
}

/** The next worker's address in turn, for the address of a shop with several workers; every other address is returned as it is. */
export function workerOf(url: string): string {
  const workers = spread.get(url);
  return workers ? (workers.urls[workers.next++ % workers.urls.length] as string) : url;
}
