import { availableParallelism } from "node:os";

/** One more than cores: tests wait for the database and for processes that start. */
export const FILES_AT_ONCE = availableParallelism() + 1;
