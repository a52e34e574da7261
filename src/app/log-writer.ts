// Writes the log to stdout. In a flash sale each refusal is a line; a system call for each would cost more than the refusal.

import { type DestinationStream, pino } from "pino";

/** Lines that were not written yet are written at once when they grow to this many characters. */
const MAX_WAITING = 64 * 1024;
/** The levels `error` and `fatal`, after which the process may end. */
const URGENT = /^\{"level":[56]0/;

let writer: DestinationStream | undefined;

/** The process's log on stdout: the lines of one turn of the event loop are written together, and errors at once. */
export function logWriter(): DestinationStream {
  return (writer ??= batched(pino.destination({ fd: 1, sync: true })));
}

function batched(out: DestinationStream): DestinationStream {
  let waiting = "";
  const flush = (): void => {
    const lines = waiting;
    waiting = "";
    if (lines !== "") out.write(lines);
  };
  process.on("exit", flush);
  return {
    write(line) {
      if (waiting === "") setImmediate(flush);
      waiting += line;
      if (waiting.length > MAX_WAITING || URGENT.test(line)) flush();
    },
  };
}
