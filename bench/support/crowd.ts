// Buyers who wait for their answer and then come again: so many are always waiting.

import { Latencies, type Sample } from "./sample.ts";

let turn = 0;

/** Calls `order` for `waiting` buyers at once, for `warmUpMs` unmeasured and then for `ms`. Each call gets a number of its own. */
export async function crowd(
  waiting: number,
  { ms, warmUpMs }: { ms: number; warmUpMs: number },
  order: (turn: number) => Promise<unknown>,
): Promise<Sample> {
  let latencies = new Latencies();
  let stopped = false;
  const buyer = async (): Promise<void> => {
    while (!stopped) {
      const beganAt = performance.now();
      await order(turn++);
      latencies.add(performance.now() - beganAt);
    }
  };
  const buyers = Array.from({ length: waiting }, buyer);
  const fail = Promise.race(buyers); // A buyer only ends on its own when something broke.
  await Promise.race([pause(warmUpMs), fail]);
  latencies = new Latencies();
  const beganAt = performance.now();
  await Promise.race([pause(ms), fail]);
  const sample = latencies.sample(performance.now() - beganAt);
  stopped = true;
  await Promise.all(buyers);
  return sample;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
