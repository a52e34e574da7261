// What a load sends: the n-th request of a plan takes the n-th of each list, from the beginning again where a list has ended.

export type Plan = {
  url: string;
  method: "GET" | "POST";
  paths: string[];
  /** Bearer tokens; none where nobody has to say who they are. */
  tokens?: string[];
  bodies?: string[];
  /** Each path and body is used so often before the next one: as many times as there are users, as a rule. */
  each?: number;
  /** Every request comes with an Idempotency-Key of its own. */
  keyed?: boolean;
  /** The number of the first request. */
  first: number;
  connections: number;
  ms: number;
  warmUpMs: number;
  /** Ends with this many requests, however long they take. */
  most?: number;
};

/** Latencies in ms. `statuses` counts everything that was answered; `lastCreatedMs` is when the last 201 arrived, from the first request on. */
export type Loaded = { elapsedMs: number; latencies: Float64Array; statuses: Record<string, number>; next: number; lastCreatedMs: number };

/** One request as it goes over the wire. */
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
