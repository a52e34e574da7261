const DAY_MS = 86_400_000;
/** What `clockAtNoon` has put in place of the database's clock, for the shops that this process opens. */
let inPlace: (() => number) | undefined;

export const shopTime = (): (() => number) | undefined => inPlace;

const SEOUL_MS = 9 * 3_600_000;

/** The shop's day so many days from today (negative: before), YYYY-MM-DD. */
export function day(days = 0): string {
  return new Date(Date.now() + SEOUL_MS + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Sets this process' clock, and that of the shops it opens, to noon in Seoul, so that no test runs past midnight, and lets tests put it forward. It goes on
 * running, and timers go by the real one. Comes before the shop is opened: parts of it take the clock with them.
 */
export function clockAtNoon(): { forward(ms: number): void } {
  const Real = Date;
  const noon = Math.floor((Real.now() + SEOUL_MS) / DAY_MS) * DAY_MS + DAY_MS / 2 - SEOUL_MS;
  let offset = noon - Real.now();
  const now = (): number => Real.now() + offset;
  inPlace = now;
  globalThis.Date = class extends Real {
    constructor(...given: (number | string)[]) {
      super(given.length === 0 ? now() : (given as [number])[0]);
    }
    static override now = now;
  } as DateConstructor;
  return {
    forward(ms) {
      offset += ms;
    },
  };
}
