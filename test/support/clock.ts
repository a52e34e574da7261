const DAY_MS = 86_400_000;
/** The clock of `clockAtNoon`, which the shops of this process use instead of the database's. */
let replacement: (() => number) | undefined;

export const shopTime = (): (() => number) | undefined => replacement;

const SEOUL_MS = 9 * 3_600_000;

/** The date in Seoul, `days` from today, as YYYY-MM-DD. */
export function day(days = 0): string {
  return new Date(Date.now() + SEOUL_MS + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Sets the clock of this process and its shops to noon in Seoul, so that no test runs past midnight. Tests can move it forward. The
 * clock keeps running; timers are not affected. Call it before the shop is opened, since the shop keeps a reference to the clock.
 */
export function clockAtNoon(): { forward(ms: number): void } {
  const Real = Date;
  const noon = Math.floor((Real.now() + SEOUL_MS) / DAY_MS) * DAY_MS + DAY_MS / 2 - SEOUL_MS;
  let offset = noon - Real.now();
  const now = (): number => Real.now() + offset;
  replacement = now;
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
