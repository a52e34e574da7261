// The requests of a load. The n-th request takes the n-th entry of each list; lists repeat.

export type Plan = {
  url: string;
  method: "GET" | "POST";
  paths: string[];
  /** Bearer tokens. Without them requests are anonymous. */
  tokens?: string[];
  bodies?: string[];
  /** How often each path and body is used before the next one, usually once per user. */
  each?: number;
  /** Each request has its own Idempotency-Key. */
  keyed?: boolean;
  /** The number of the first request. */
  first: number;
  connections: number;
  ms: number;
  warmUpMs: number;
  /** If set, the load ends after this many requests, not after `ms`. */
  maxRequests?: number;
};

/** Latencies in ms. `statuses` counts all responses; `lastCreatedMs` is the time from the first request to the last 201. */
export type Loaded = { elapsedMs: number; latencies: Float64Array; statuses: Record<string, number>; next: number; lastCreatedMs: number };

/** The bytes of one request. */
export function requestOf({ method, paths, tokens, bodies, each = 1, keyed }: Plan, n: number): string {
  const nth = Math.floor(n / each);
  const body = bodies?.[nth % bodies.length] ?? "";
  let head = `${method} ${paths[nth % paths.length]} HTTP/1.1\r\nhost: bench\r\n`;
  if (tokens) head += `authorization: Bearer ${tokens[n % tokens.length]}\r\n`;
  if (keyed) head += `idempotency-key: ${process.pid}-${n}\r\n`;
  if (body !== "") head += `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  else if (method === "POST") head += "content-length: 0\r\n";
  return `${head}\r\n${body}`;
}
