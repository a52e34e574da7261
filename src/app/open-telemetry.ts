import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { ShopTelemetry } from "../telemetry/shop-telemetry.ts";
import { VERSION } from "../version.ts";

/** Opens OpenTelemetry if a collector is set, and adds to `stack` how to close it. Without a collector its SDK is not loaded. */
export async function openTelemetry(stack: AsyncDisposableStack, config: Config, log: Logger): Promise<ShopTelemetry | undefined> {
  const { otlpEndpoint, traceRatio } = config.telemetry;
  if (otlpEndpoint === undefined) return undefined;
  const { ShopTelemetry } = await import("../telemetry/shop-telemetry.ts");
  const onChange = (isUp: boolean, error?: Error): void =>
    isUp ? log.info("the OpenTelemetry collector takes data again") : log.warn({ err: error?.message }, "the OpenTelemetry collector takes no data");
  const telemetry = new ShopTelemetry({ endpoint: otlpEndpoint, traceRatio, version: VERSION, onChange });
  stack.defer(() => telemetry.close());
  return telemetry;
}
