// Closed-loop load: a fixed number of clients, each of which sends its next request when the last one is answered.

import { Latencies, type Sample } from "./sample.ts";

let next = 0;

/** Calls `request` from `waiting` clients, unmeasured for `warmUpMs` and then measured for `ms`. Each call gets its own number. */
export async function closedLoop(
  waiting: number,
  { ms, warmUpMs }: { ms: number; warmUpMs: number },
  request: (n: number) => Promise<unknown>,
): Promise<Sample> {
  let latencies = new Latencies();
  let stopped = false;
  const client = async (): Promise<void> => {
    while (!stopped) {
      const sentAt = performance.now();
      await request(next++);
      latencies.add(performance.now() - sentAt);
    }
  };
  const clients = Array.from({ length: waiting }, client);
  const failure = Promise.race(clients); // Until `stopped`, a client ends only by an error.
  await Promise.race([pause(warmUpMs), failure]);
  latencies = new Latencies();
  const startedAt = performance.now();
  await Promise.race([pause(ms), failure]);
  const sample = latencies.sample(performance.now() - startedAt);
  stopped = true;
  await Promise.all(clients);
  return sample;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
