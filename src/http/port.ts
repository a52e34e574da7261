// Checks that the shop can listen on its address before anything else is started.

import { createServer } from "node:net";
import type { Config } from "../config.ts";
import { ConfigError } from "../env.ts";

type Address = Pick<Config, "host" | "port">;

/** Listens for a moment. Errors: ConfigError that names PORT or HOST. */
export async function checkPort(address: Address): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(address.port, address.host, resolve));
  } catch (error) {
    throw addressError(error as NodeJS.ErrnoException, address);
  }
  await new Promise((resolve) => server.close(resolve));
}

/** Explains in one line why the shop cannot listen there, and how to fix it. */
export function addressError({ code, message }: NodeJS.ErrnoException, { host, port }: Address): ConfigError {
  if (code === "EADDRINUSE")
    return new ConfigError(`PORT cannot be used: another process listens on ${host}:${port}; stop it, or set PORT to a free port`);
  if (code === "EACCES") return new ConfigError(`PORT cannot be used: this user may not listen on ${host}:${port}; set PORT to a number above 1023`);
  return new ConfigError(`HOST cannot be used: ${message || code}`);
}
