import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { unusable } from "../data-dir.ts";

/** The address on which the server accepts connections. */
export type Endpoint = {
  url(database: string): string;
  settings: Record<string, string>;
  /** The private directory of the socket; absent on Windows. */
  directory?: string;
  /** The superuser's password; absent if the file system protects the endpoint. */
  password?: string;
  remove(): void;
};

const USER = "jangnal";
const PREFIX = "jangnal-";
// The longest path of a socket has 107 bytes on Linux and 103 on macOS. PostgreSQL's file name
// takes 15 of them.
const DIRECTORY_MAX_BYTES = 103 - "/.s.PGSQL.5432".length - "XXXXXX".length;

export function makeEndpoint(dataDir: string): Promise<Endpoint> {
  return process.platform === "win32" ? tcpEndpoint(dataDir) : Promise.resolve(socketEndpoint(dataDir));
}

/** A socket that only the server's user and root can reach, so that no password is needed. */
function socketEndpoint(dataDir: string): Endpoint {
  const pathFile = join(dataDir, "postgres.socket");
  // A killed process left its directory.
  if (existsSync(pathFile)) removeDirectory(readFileSync(pathFile, "utf8"));
  const parent = Buffer.byteLength(join(tmpdir(), PREFIX)) <= DIRECTORY_MAX_BYTES ? tmpdir() : "/tmp";
  const directory = mkdtempSync(join(parent, PREFIX));
  try {
    writeFileSync(pathFile, directory);
  } catch (error) {
    removeDirectory(directory);
    throw unusable(dataDir, error);
  }
  return {
    // Port and sslmode are explicit, so that PGPORT and PGSSLMODE of the environment do not replace
    // them.
    url: (database) => `postgresql:///${encodeURIComponent(database)}?host=${encodeURIComponent(directory)}&port=5432&user=${USER}&sslmode=disable`,
    settings: { listen_addresses: "", port: "5432", unix_socket_directories: directory, unix_socket_permissions: "0700" },
    directory,
    remove() {
      removeDirectory(directory);
      rmSync(pathFile, { force: true });
    },
  };
}

/**
 * Removes two known files and their directory, and nothing else: the directory must have the prefix
 * and be empty.
 */
function removeDirectory(directory: string): void {
  if (!basename(directory).startsWith(PREFIX)) return;
  try {
    for (const name of [".s.PGSQL.5432", ".s.PGSQL.5432.lock"]) rmSync(join(directory, name), { force: true });
    rmdirSync(directory);
  } catch {
    // Removed already, or used by another process: a few bytes in a temporary directory are not
    // worth a failed start.
  }
}

/** For Windows, because Node does not support PostgreSQL's sockets there. */
async function tcpEndpoint(dataDir: string): Promise<Endpoint> {
  const file = join(dataDir, "postgres.password");
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("hex"), { mode: 0o600 });
  const password = readFileSync(file, "utf8");
  const port = await freePort();
  return {
    url: (database) => `postgresql://${USER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}?sslmode=disable`,
    settings: { listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "" },
    password,
    remove: () => undefined,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
