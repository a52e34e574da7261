// A database with several servers, one of which is the primary:
// `postgresql://a:5432,b:5432/shop?target_session_attrs=read-write`, as libpq reads it. The driver
// supports a single host, so before each new connection all servers are asked which one takes
// writes.

import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

type Address = { host: string; port: number };
type Primary = Address & { timeline: number };

const ASK_MS = 3000;
/** After one server has said that it is the primary, the others have this long to contradict. */
const CONTRADICT_MS = 250;

/** A primary also returns its timeline: the server that was promoted last has the highest. */
const SELECT_ROLE = `SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS writable,
  CASE WHEN NOT pg_is_in_recovery() THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`;

export class Servers {
  /** One URL per server, for the driver. */
  readonly urls: string[];
  #asking: Promise<Address> | undefined;

  constructor(urls: string[]) {
    this.urls = urls;
  }

  /**
   * Returns the primary; concurrent callers share one search. If an old primary came back as if
   * nothing had happened, the server that was promoted later counts.
   * Errors: a connection error if no server takes writes.
   */
  primary(): Promise<Address> {
    this.#asking ??= this.#findPrimary().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #findPrimary(): Promise<Address> {
    const primaries: Primary[] = [];
    let failure: unknown;
    const asked = this.urls.map((url) =>
      ask(url).then(
        (primary) => primary && primaries.push(primary),
        (error: unknown) => (failure = error),
      ),
    );
    await Promise.race([Promise.all(asked), firstOf(asked, primaries).then(() => sleep(CONTRADICT_MS))]);
    const [newest] = primaries.toSorted((a, b) => b.timeline - a.timeline);
    if (newest) return newest;
    throw Object.assign(new Error("no server of DATABASE_URL takes writes", { cause: failure }), { code: "ECONNREFUSED" });
  }
}

/** Resolves when one server has said that it is the primary, or never. */
function firstOf(asked: Promise<unknown>[], primaries: Primary[]): Promise<void> {
  return new Promise((resolve) => {
    for (const response of asked) void response.then(() => (primaries.length > 0 ? resolve() : undefined));
  });
}

async function ask(url: string): Promise<Primary | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ASK_MS, query_timeout: ASK_MS, application_name: "jangnal asks" });
  client.on("error", () => {}); // The server may go away at any moment.
  try {
    await client.connect();
    const { rows } = await client.query<{ writable: boolean; timeline: number | null }>(SELECT_ROLE);
    return rows[0]?.writable ? { host: client.host, port: client.port, timeline: rows[0].timeline ?? 0 } : undefined;
  } finally {
    void client.end().catch(() => {});
  }
}

const known = new Map<string, Servers>();

/** Returns the servers of a URL with several hosts, or undefined for a single host. */
export function serversOf(url: string): Servers | undefined {
  const urls = splitHosts(url);
  if (urls.length < 2) return undefined;
  const found = known.get(url) ?? new Servers(urls);
  known.set(url, found);
  return found;
}

/**
 * Returns one URL per host. Hosts are in the authority (`//a:1,b:2/`) or in the query
 * (`?host=a,b&port=1,2`). Parameters that only libpq understands are removed.
 */
export function splitHosts(url: string): string[] {
  const parts = /^(postgres(?:ql)?:\/\/)([^/?#]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(url);
  if (!parts) return [url];
  const [, scheme, user = "", authority = "", path = "", query = ""] = parts;
  const search = new URLSearchParams(query);
  const hosts = authority === "" ? (search.get("host") ?? "").split(",") : authority.split(",");
  if (hosts.length < 2) return [url];
  const ports = (search.get("port") ?? "").split(",");
  return hosts.map((host, i) => {
    const own = new URLSearchParams(search);
    own.delete("target_session_attrs");
    const port = ports[i] ?? ports[0];
    if (authority === "") own.set("host", host);
    if (port) own.set("port", port);
    return `${scheme}${user}${authority === "" ? "" : host}${path}${own.size > 0 ? `?${own.toString()}` : ""}`;
  });
}
