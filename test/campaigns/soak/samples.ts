// The values that a soak test reads again and again.

export type Role = "primary" | "till" | "worker";

/** One line of a process (probe.ts). Bytes, if no unit is named. */
export type ProcessSample = {
  at: number;
  pid: number;
  role: Role;
  rss: number;
  heapUsed: number;
  /** The heap after a full collection; only in some samples. */
  liveHeap?: number;
  external: number;
  arrayBuffers: number;
  resources: number;
  delayP50Ms: number;
  delayP99Ms: number;
};

/** From /proc, which a process can't distort. */
export type SystemSample = { pid: number; name: string; descriptors: number; threads: number; cpuMs: number };

export type TableSample = {
  name: string;
  live: number;
  dead: number;
  heapBytes: number;
  indexBytes: number;
  autovacuums: number;
  autoanalyzes: number;
};

export type DatabaseSample = {
  bytes: number;
  walBytes: number;
  connections: number;
  /** Transactions that the oldest running one is behind; rows that it may still see can't be vacuumed. */
  horizonAge: number;
  deadlocks: number;
  tempFiles: number;
  /** Memory of all processes of PostgreSQL that is not shared. */
  privateBytes: number;
  logBytes: number;
  tables: TableSample[];
};

/** All values of one moment. */
export type Sample = {
  at: number;
  work: Work;
  processes: SystemSample[];
  database: DatabaseSample;
  redis: { clients: number; bytes: number; keys: number };
  nats: { connections: number; subscriptions: number; memoryBytes: number; storedBytes: number; messages: number };
  eventsWaiting: number;
  shopLogBytes: number;
};

/** Work done since the start. */
export type Work = { requests: number; orders: number; drops: number; streams: number };
