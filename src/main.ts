// The command line: `npx jangnal COMMAND`.

import { audit } from "./cli/audit.ts";
import { type CliCommand, CommandFailed, parse } from "./cli/command-line.ts";
import { demo } from "./cli/demo.ts";
import { exportData } from "./cli/export.ts";
import { exportJournal } from "./cli/export-journal.ts";
import { gateway } from "./cli/gateway.ts";
import { misspeltSettings } from "./cli/misspelt-settings.ts";
import { importProducts } from "./cli/import.ts";
import { migrate } from "./cli/migrate.ts";
import { reconcile } from "./cli/reconcile.ts";
import { recount } from "./cli/recount.ts";
import { restored } from "./cli/restored.ts";
import { replay } from "./cli/replay.ts";
import { ship } from "./cli/ship.ts";
import { serve } from "./cli/serve.ts";
import { token } from "./cli/token.ts";
import { verifyDraw } from "./cli/verify-draw.ts";
import { isConnectionError } from "./database/pool.ts";

const COMMANDS: Record<string, CliCommand> = {
  serve,
  migrate,
  demo,
  token,
  audit,
  reconcile,
  recount,
  restored,
  gateway,
  replay,
  import: importProducts,
  export: exportData,
  ship,
  "verify-draw": verifyDraw,
  "export-journal": exportJournal,
};

/** Runs one command and exits with its code. An error is printed as one line. */
export async function main(argv: string[]): Promise<void> {
  const [name, ...args] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(overview());
    return;
  }
  try {
    const command = COMMANDS[name];
    if (!command) throw new CommandFailed(`Unknown command ${JSON.stringify(name)}; see npx jangnal --help`);
    const { values, positionals } = parse(command, args);
    if (values["help"]) console.log(`npx jangnal ${name}${command.usage}`);
    else {
      loadDotenv();
      for (const warning of misspeltSettings(process.env)) console.error(warning);
      process.exit(await command.run(values, positionals));
    }
  } catch (error) {
    console.error(oneLine(error));
    process.exit(1);
  }
}

/** Adds the settings in `.env` in the working directory, by Node's own rules. A variable that the environment has wins, even if it is empty. */
function loadDotenv(): void {
  try {
    process.loadEnvFile();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new CommandFailed(`.env cannot be read: ${message}`);
  }
}

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`);
  return `npx jangnal COMMAND\n\n${rows.join("\n")}\n\nnpx jangnal COMMAND --help shows the help of one command.`;
}

/** One line for an error that the user can fix; the stack for a bug. */
function oneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ([TypeError, RangeError, ReferenceError, SyntaxError].some((bug) => error instanceof bug)) return error.stack ?? error.message;
  if (isConnectionError(error)) return `The database cannot be reached: ${error.message || String((error as { code?: unknown }).code)}`;
  return error.message;
}
