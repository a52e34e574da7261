import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Registry } from "prom-client";
import { gatewayMetrics } from "./metrics.ts";
import { Simulator } from "./simulator/simulator.ts";
import type { GuardOptions } from "./toss/guard.ts";
import { TossGateway } from "./toss/toss.ts";

export type GatewaySettings = GuardOptions & {
  /** Unset: a simulator. */
  url: string | undefined;
  secret: string | undefined;
  /** A simulator that runs already, its secret in the place of a password. Unset: one in this process. */
  simulatorUrl?: string | undefined;
};

export type OpenGateway = {
  gateway: TossGateway;
  /** There where it is simulated in this process. */ simulator: Simulator | undefined;
  close(): Promise<void>;
};

/** The gateway that is configured, or a simulated one, whose book is kept in `dataDir`. Both are spoken to over HTTP by the same adapter. */
export async function openGateway(
  { url, secret, simulatorUrl, ...guard }: GatewaySettings,
  { dataDir, registry }: { dataDir: string; registry?: Registry | undefined },
): Promise<OpenGateway> {
  const own = url === undefined && simulatorUrl === undefined ? await openSimulator(dataDir) : undefined;
  const simulated = own?.url ?? simulatorUrl;
  const access = url === undefined && simulated !== undefined ? accessOf(simulated) : { url: url ?? "", secret: secret ?? "" };
  const metrics = registry ? gatewayMetrics(registry, () => gateway.guard) : undefined;
  const gateway: TossGateway = new TossGateway({ ...access, ...guard, ...(metrics ? { onCall: metrics } : {}) });
  return {
    gateway,
    simulator: own?.simulator,
    async close() {
      gateway.stop();
      await own?.simulator.close();
    },
  };
}

/** A simulator in this process, and where it is found: its secret stands in the place of a password. */
export async function openSimulator(dataDir: string): Promise<{ simulator: Simulator; url: string }> {
  mkdirSync(dataDir, { recursive: true });
  const secret = `test_sk_${randomBytes(16).toString("hex")}`;
  const simulator = new Simulator({ secret, path: join(dataDir, "gateway.ndjson") });
  const url = new URL(await simulator.listen());
  simulator.unref();
  url.password = secret;
  return { simulator, url: url.href };
}

function accessOf(simulatorUrl: string): { url: string; secret: string } {
  const { origin, password } = new URL(simulatorUrl);
  return { url: origin, secret: password };
}
