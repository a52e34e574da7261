// The shape of a command of the command line.

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** Ends the command line with exit code 1; `message` is one sentence for the user. */
export class CommandFailed extends Error {}

export type CliCommand = {
  summary: string;
  /** The help text behind the command's name: arguments, options, notes. */
  usage: string;
  options: ParseArgsOptionsConfig;
  /** Returns the exit code. */
  run(values: Record<string, string | boolean | undefined>, positionals: string[]): Promise<number>;
};

/** Parses a command's arguments. Errors: CommandFailed for an unknown option. */
export function parse(command: CliCommand, args: string[]): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...command.options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new CommandFailed((error as Error).message);
  }
}
