import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Registry } from "prom-client";
import { gatewayMetrics } from "./metrics.ts";
import { Simulator } from "./simulator/simulator.ts";
import type { GuardOptions } from "./toss/guard.ts";
import { TossGateway } from "./toss/toss.ts";

export type GatewaySettings = GuardOptions & {
  /** Unset: a simulator in this process. */
  url: string | undefined;
  secret: string | undefined;
};

export type OpenGateway = {
  gateway: TossGateway;
  /** There where it is simulated in this process. */ simulator: Simulator | undefined;
  close(): Promise<void>;
};

/** The gateway that is configured, or a simulated one, whose book is kept in `dataDir`. Both are spoken to over HTTP by the same adapter. */
export async function openGateway(
  { url, secret, ...guard }: GatewaySettings,
  { dataDir, registry }: { dataDir: string; registry?: Registry | undefined },
): Promise<OpenGateway> {
  let simulator: Simulator | undefined;
  let access = { url: url ?? "", secret: secret ?? "" };
  if (url === undefined) {
    mkdirSync(dataDir, { recursive: true });
    access = { url: "", secret: `test_sk_${randomBytes(16).toString("hex")}` };
    simulator = new Simulator({ secret: access.secret, path: join(dataDir, "gateway.ndjson") });
    access.url = await simulator.listen();
    simulator.unref();
  }
  const metrics = registry ? gatewayMetrics(registry, () => gateway.guard) : undefined;
  const gateway: TossGateway = new TossGateway({ ...access, ...guard, ...(metrics ? { onCall: metrics } : {}) });
  return {
    gateway,
    simulator,
    async close() {
      gateway.stop();
      await simulator?.close();
    },
  };
}
