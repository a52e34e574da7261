import { createReadStream } from "node:fs";
import { linesOf, NotADrawFile } from "../drop/draw/draw-file.ts";
import { verifyDraw as verify } from "../drop/draw/verify-draw.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";

export const verifyDraw: CliCommand = {
  summary: "Check a draw from its public file",
  usage: ` URL|FILE [--entry ID] [--commitment HEX] [--root HEX]

  URL                a drop (https://shop.example/drops/ID) or the file of its draw (…/draw/file)
  FILE               a copy of that file
  --entry ID         also checks this entry's proof, and prints its rank
  --commitment HEX   the commitment that you noted when the drop was announced
  --root HEX         the entriesRoot that you noted before the public value was known

Recomputes commitment, root, ranks and winners from the file alone; needs no database and no settings. Exit code 0: the draw agrees; 1: it
does not, or it cannot be read. docs/api/draws.md specifies the algorithm.`,
  options: { entry: { type: "string" }, commitment: { type: "string" }, root: { type: "string" } },
  async run({ entry, commitment, root }, [source, ...more]) {
    if (source === undefined || more.length > 0) throw new CommandFailed("Give one URL or file: npx jangnal verify-draw URL|FILE");
    const expected = { entryId: lowerCase(entry), commitment: lowerCase(commitment), entriesRoot: lowerCase(root) };
    const agrees = await reading(source, async (chunks) =>
      verify(linesOf(chunks), expected, ({ result, text }) => console.log(`${LABELS[result]} ${text}`)),
    );
    console.log(agrees ? "The draw agrees with its public data." : "The draw does NOT agree with its public data.");
    return agrees ? 0 : 1;
  },
};

const LABELS = { ok: "ok    ", failed: "FAILED", note: "      " };

function lowerCase(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value.toLowerCase() : undefined;
}

/** Errors: CommandFailed if the source cannot be read, or is not the file of a draw. */
async function reading<T>(source: string, use: (chunks: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
  try {
    return await use(/^https?:/.test(source) ? await download(fileUrl(source)) : createReadStream(source));
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    const { message, cause } = error as Error;
    if (error instanceof NotADrawFile) throw new CommandFailed(`${source} is not the file of a draw: ${message}`);
    throw new CommandFailed(`${source} cannot be read: ${cause instanceof Error ? cause.message || String(cause) : message}`);
  }
}

/** The address of the file, also for the drop itself and for its draw. */
function fileUrl(source: string): URL {
  const url = new URL(source);
  url.pathname = url.pathname.replace(/\/$/, "");
  if (/\/drops\/[^/]+$/.test(url.pathname)) url.pathname += "/draw/file";
  else if (url.pathname.endsWith("/draw")) url.pathname += "/file";
  return url;
}

async function download(url: URL): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new CommandFailed(`${url.href} answered with status ${response.status}`);
  return response.body;
}
