// One database on several servers, of which one takes writes: `postgresql://a:5432,b:5432/shop?target_session_attrs=read-write`, as libpq
// reads it. The driver knows one host only; so before each new connection we ask all of them which it is.

import pg from "pg";

type Address = { host: string; port: number };
type Answer = Address & { timeline: number };

const ASK_MS = 3000;
/** Once one has said that it takes writes, the others have this long to say that they do too. */
const CONTRADICT_MS = 250;

/** A server that takes writes says on which timeline it does: the one that was promoted last has the highest. */
const ASK = `SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS writable,
  CASE WHEN NOT pg_is_in_recovery() THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`;

export class Servers {
  /** Each as the driver reads it. */
  readonly urls: string[];
  #asking: Promise<Address> | undefined;

  constructor(urls: string[]) {
    this.urls = urls;
  }

  /**
   * The one that takes writes; whoever asks meanwhile shares the answer. Where an old primary has come back as if nothing had happened,
   * the one promoted later counts.
   * Errors: a connection's, where none takes writes.
   */
  primary(): Promise<Address> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<Address> {
    const answers: Answer[] = [];
    let failure: unknown;
    const asked = this.urls.map((url) =>
      ask(url).then(
        (answer) => answer && answers.push(answer),
        (error: unknown) => (failure = error),
      ),
    );
    const all = Promise.all(asked);
    await Promise.race([all, firstOf(asked, answers).then(() => patience(CONTRADICT_MS))]);
    const [newest] = answers.toSorted((a, b) => b.timeline - a.timeline);
    if (newest) return newest;
    throw Object.assign(new Error("no server of DATABASE_URL takes writes", { cause: failure }), { code: "ECONNREFUSED" });
  }
}

/** Resolves when one has said that it takes writes, or never. */
function firstOf(asked: Promise<unknown>[], answers: Answer[]): Promise<void> {
  return new Promise((resolve) => {
    for (const one of asked) void one.then(() => (answers.length > 0 ? resolve() : undefined));
  });
}

function patience(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function ask(url: string): Promise<Answer | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ASK_MS, query_timeout: ASK_MS, application_name: "jangnal asks" });
  client.on("error", () => {}); // Whoever is being asked may go at any moment.
  try {
    await client.connect();
    const { rows } = await client.query<{ writable: boolean; timeline: number | null }>(ASK);
    return rows[0]?.writable ? { host: client.host, port: client.port, timeline: rows[0].timeline ?? 0 } : undefined;
  } finally {
    void client.end().catch(() => {});
  }
}

const known = new Map<string, Servers>();

/** The servers that a URL names, where they are several; undefined for one. */
export function serversOf(url: string): Servers | undefined {
  const urls = splitHosts(url);
  if (urls.length < 2) return undefined;
  const found = known.get(url) ?? new Servers(urls);
  known.set(url, found);
  return found;
}

/** One URL per host, in the authority (`//a:1,b:2/`) or in the query (`?host=a,b&port=1,2`), without what only libpq understands. */
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
