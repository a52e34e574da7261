import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Gateway } from "./gateway.ts";
import { NoGateway } from "./no-gateway.ts";
import { Simulator } from "./simulator/simulator.ts";
import type { GatewayPolicy, GatewayPolicyOptions } from "./toss/gateway-policy.ts";
import { type OnCall, TossGateway } from "./toss/toss.ts";

export type GatewaySettings = GatewayPolicyOptions & {
  /** A configured gateway, the simulator, or no cards at all. */
  kind: "gateway" | "simulated" | "none";
  url: string | undefined;
  secret: string | undefined;
  /** The shop's currency, ISO 4217. */
  currency: string;
  /** A simulator that is already running, with its secret as the password. Unset: one is started in this process. */
  simulatorUrl?: string | undefined;
};

/** How the shop takes cards, in words for the operator. */
export const CARDS_TAKEN: Record<GatewaySettings["kind"], string> = {
  gateway: "taken by the gateway of PAYMENT_GATEWAY_URL",
  simulated: "simulated: no money moves, and any payment key is approved",
  none: "not taken: set PAYMENT_GATEWAY_URL to take them",
};

export type OpenGateway = {
  gateway: Gateway;
  /**
   * The same gateway for work that no buyer waits for. It has no circuit breaker, so its failures turn no buyer away, and payments whose
   * look-ups fail keep no other from being looked up. The pauses of each attempt, and the lanes of settlement, bound its calls.
   */
  background: Gateway;
  /** Set if the gateway is simulated in this process. */
  simulator: Simulator | undefined;
  /** Aborts all calls. Their outcomes are unknown, and settlement finds them out later. */
  stop(): void;
  close(): Promise<void>;
};

/**
 * Opens the configured gateway, or a simulated one with its ledger in `dataDir`: the same adapter calls both over HTTP. Without either
 * the gateway takes no cards.
 * @param measure registers metrics of the buyers' policy and returns the function that records one call
 */
export async function openGateway(
  { kind, url, secret, currency, simulatorUrl, ...policy }: GatewaySettings,
  { dataDir, measure }: { dataDir: string; measure?: (policy: () => GatewayPolicy) => OnCall },
): Promise<OpenGateway> {
  if (kind === "none") {
    const none = new NoGateway(currency);
    return { gateway: none, background: none, simulator: undefined, stop: () => {}, close: () => Promise.resolve() };
  }
  const own = kind === "simulated" && simulatorUrl === undefined ? await openSimulator(dataDir, currency) : undefined;
  const simulated = own?.url ?? simulatorUrl;
  const access = kind === "simulated" && simulated !== undefined ? accessOf(simulated) : { url: url ?? "", secret: secret ?? "" };
  const onCall = measure?.((): GatewayPolicy => buyers.policy);
  const options = { ...access, currency, ...policy, ...(onCall ? { onCall } : {}) };
  const buyers = new TossGateway(options);
  const background = new TossGateway({ ...options, breakerCalls: Infinity });
  const stop = (): void => {
    buyers.stop();
    background.stop();
  };
  return {
    gateway: buyers,
    background,
    simulator: own?.simulator,
    stop,
    async close() {
      stop();
      await own?.simulator.close();
    },
  };
}

/** Starts a simulator in this process. Its URL has the secret as the password. */
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
