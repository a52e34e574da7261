// What every command of the command line is made of.

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** Said to whoever called, in one sentence, before the command line ends with 1. */
export class CommandFailed extends Error {}

export type CliCommand = {
  summary: string;
  /** What stands behind the command's name, and what each option means. */
  usage: string;
  options: ParseArgsOptionsConfig;
  /** Answers the exit code. */
  run(values: Record<string, string | boolean | undefined>, positionals: string[]): Promise<number>;
};

/** Reads a command's own words. Errors: CommandFailed for an option that it does not have. */
export function parse(command: CliCommand, words: string[]): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: { ...command.options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new CommandFailed((error as Error).message);
  }
}
