/**
 * A small durable shop server: nothing here trades safety for speed.
 * Given on the command line, so that they follow the program's version and not the day on which the cluster was made.
 */
export const SHOP_SETTINGS: Record<string, string> = {
  // Answered means durable.
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  // "minimal" would save a little only for bulk loads into new tables, and rule out pg_basebackup and archiving.
  wal_level: "replica",
  max_wal_senders: "3",
  shared_buffers: "128MB",
  max_connections: "50",
  // A rush writes tens of MB of WAL a second: room for it between two checkpoints, kept ready afterwards.
  max_wal_size: "1GB",
  min_wal_size: "256MB",
  autovacuum: "on",
  // Statements here are short; compiling them costs more than it gives, and a parallel worker takes the till's core.
  jit: "off",
  max_parallel_workers_per_gather: "0",
  timezone: "UTC",
  log_timezone: "UTC",
  log_destination: "stderr",
  logging_collector: "off",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
};
