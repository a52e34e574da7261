// The command line.

import { openShop } from "./app.ts";
import { ConfigError, readConfig } from "./config.ts";

export async function main(argv: string[]): Promise<void> {
  const [command = "serve"] = argv;
  if (command !== "serve") throw new Error("not yet");
  try {
    const shop = await openShop(readConfig(process.env));
    console.log(`Jangnal is open at ${shop.url}`);
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void shop.close().then(() => process.exit(0)));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
