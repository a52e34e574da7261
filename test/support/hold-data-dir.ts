// Starts the embedded PostgreSQL on the given data directory, prints its pid and URL, and holds the directory until the process is killed.
import { startEmbedded } from "../../src/database/embedded/embedded.ts";

try {
  const server = await startEmbedded({ dataDir: process.argv[2] ?? "" });
  console.log(JSON.stringify({ pid: server.pid, url: server.url("jangnal") }));
} catch (error) {
  console.log(JSON.stringify({ refused: error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error) }));
}
