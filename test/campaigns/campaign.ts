/** An option on the command line, `--name value`; a flag has no value. */
export type Option = { help: string } & ({ type: "number"; default?: number } | { type: "text"; default?: string } | { type: "flag" });

type ValueOf<O extends Option> = O extends { type: "flag" }
  ? boolean
  : O extends { type: "number"; default: number }
    ? number
    : O extends { type: "number" }
      ? number | undefined
      : O extends { default: string }
        ? string
        : string | undefined;

/** A test with random input or injected faults, of any length. `npm run campaign -- NAME` runs it (run.ts). */
export type Campaign = {
  summary: string;
  options: Record<string, Option>;
  /** Whether it creates databases with `freshDatabase`. */
  needsServer: boolean;
  /** Whether its requests are a history that must be linearizable: it drives the shop by HTTP only, and takes no change back. */
  hasHistory: boolean;
  /** Prints its report. Resolves with false if it found a fault; may also throw. */
  run(values: Record<string, unknown>): Promise<boolean>;
};

/** Gives `run` the types of its options. */
export function campaign<const Options extends Record<string, Option>>(definition: {
  summary: string;
  options: Options;
  needsServer?: boolean;
  hasHistory?: boolean;
  run(values: { [Name in keyof Options]: ValueOf<Options[Name]> }): Promise<boolean>;
}): Campaign {
  return { needsServer: false, hasHistory: false, ...definition, run: definition.run };
}

/** Every report prints the seed, so that the run can be repeated. */
export const SEED = { type: "number", default: Date.now() % 1_000_000_000, help: "seed of the random numbers (default: from the clock)" } as const;

export function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
