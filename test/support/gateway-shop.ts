import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { openTestShop, type TestShop } from "./shop.ts";

const SECRET = "test_sk_of_the_tests";

/** A shop and the simulator of its gateway, which captures in `currency`. The shop's job does not ask about payments on its own. */
export async function openGatewayShop(
  env: Record<string, string> = {},
  currency = "KRW",
): Promise<{ shop: TestShop; simulator: Simulator; close: () => Promise<void> }> {
  const simulator = new Simulator({ secret: SECRET, currency });
  const url = await simulator.listen();
  const shop = await openTestShop({
    env: { PAYMENT_GATEWAY_URL: url, PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_SETTLE_AFTER_MS: "600000", ...env },
  });
  return {
    shop,
    simulator,
    async close() {
      await shop.close();
      await simulator.close();
    },
  };
}
