import { availableParallelism } from "node:os";

/** Of the time of a run with one file for each core a third is waiting, for the database and for processes that start. */
export const FILES_AT_ONCE = availableParallelism() + 1;
