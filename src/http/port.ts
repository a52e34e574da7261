// Whether the shop can listen where it is told to, found out before anything is started that would have to be stopped again.

import { createServer } from "node:net";
import type { Config } from "../config.ts";
import { ConfigError } from "../env.ts";

type Place = Pick<Config, "host" | "port">;

/** Listens for a moment. Errors: ConfigError that names PORT or HOST. */
export async function checkPort(place: Place): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(place.port, place.host, resolve));
  } catch (error) {
    throw placeError(error as NodeJS.ErrnoException, place);
  }
  await new Promise((resolve) => server.close(resolve));
}

/** Why the shop can't listen there, in one line, with what to do about it. */
export function placeError({ code, message }: NodeJS.ErrnoException, { host, port }: Place): ConfigError {
  if (code === "EADDRINUSE")
    return new ConfigError(`PORT cannot be used: another process listens on ${host}:${port}; stop it, or set PORT to a free port`);
  if (code === "EACCES") return new ConfigError(`PORT cannot be used: this user may not listen on ${host}:${port}; set PORT to a number above 1023`);
  return new ConfigError(`HOST cannot be used: ${message || code}`);
}
