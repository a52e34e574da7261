import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Registry } from "prom-client";
import type { GatewaySettings } from "../config.ts";
import type { Gateway } from "./gateway.ts";
import { gatewayMetrics } from "./metrics.ts";
import { NoGateway } from "./no-gateway.ts";
import { Simulator } from "./simulator/simulator.ts";
import { TossGateway } from "./toss/toss.ts";

/** What takes cards, in words for the operator. */
export const CARDS_TAKEN: Record<GatewaySettings["kind"], string> = {
  gateway: "taken by the gateway of PAYMENT_GATEWAY_URL",
  simulated: "simulated: no money moves, and any payment key is approved",
  none: "not taken: set PAYMENT_GATEWAY_URL to take them",
};

export type OpenGateway = {
  gateway: Gateway & { stop(): void };
  /** There where it is simulated in this process. */ simulator: Simulator | undefined;
  close(): Promise<void>;
};

/**
 * The gateway that is configured, or a simulated one, whose book is kept in `dataDir`: both are spoken to over HTTP by the same adapter. Or
 * one that takes nothing.
 */
export async function openGateway(
  { kind, url, secret, currency, simulatorUrl, ...guard }: GatewaySettings,
  { dataDir, registry }: { dataDir: string; registry?: Registry | undefined },
): Promise<OpenGateway> {
  if (kind === "none") return { gateway: new NoGateway(currency), simulator: undefined, close: () => Promise.resolve() };
  const own = kind === "simulated" && simulatorUrl === undefined ? await openSimulator(dataDir, currency) : undefined;
  const simulated = own?.url ?? simulatorUrl;
  const access = kind === "simulated" && simulated !== undefined ? accessOf(simulated) : { url: url ?? "", secret: secret ?? "" };
  const metrics = registry ? gatewayMetrics(registry, () => gateway.guard) : undefined;
  const gateway: TossGateway = new TossGateway({ ...access, currency, ...guard, ...(metrics ? { onCall: metrics } : {}) });
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
export async function openSimulator(dataDir: string, currency: string): Promise<{ simulator: Simulator; url: string }> {
  mkdirSync(dataDir, { recursive: true });
  const secret = `test_sk_${randomBytes(16).toString("hex")}`;
  const simulator = new Simulator({ secret, currency, path: join(dataDir, "gateway.ndjson") });
  const url = new URL(await simulator.listen());
  simulator.unref();
  url.password = secret;
  return { simulator, url: url.href };
}

function accessOf(simulatorUrl: string): { url: string; secret: string } {
  const { origin, password } = new URL(simulatorUrl);
  return { url: origin, secret: password };
}
