/**
 * Settings of a small, durable server: none of them trades safety for speed. They are given on the
 * command line, so that they follow the program's version rather than the cluster's.
 */
export const SHOP_SETTINGS: Record<string, string> = {
  // A response means that the data is durable.
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  // "minimal" would only speed up bulk loads into new tables, and it rules out pg_basebackup and
  // archiving.
  wal_level: "replica",
  max_wal_senders: "3",
  shared_buffers: "128MB",
  max_connections: "50",
  // A rush writes tens of MB of WAL per second: enough space between two checkpoints, kept
  // afterwards.
  max_wal_size: "1GB",
  min_wal_size: "256MB",
  autovacuum: "on",
  // Statements are short: compiling them costs more than it saves, and a parallel worker would take
  // the till's core.
  jit: "off",
  max_parallel_workers_per_gather: "0",
  timezone: "UTC",
  log_timezone: "UTC",
  log_destination: "stderr",
  logging_collector: "off",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
};
