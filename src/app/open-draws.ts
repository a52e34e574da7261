import type { Logger } from "pino";
import { type DrawParts, hasDueDraws, runDraws } from "../drop/draw/run-draws.job.ts";
import { tellNews } from "../drop/drop-news.job.ts";
import { stockFinder } from "../drop/drop-commands.ts";
import { Watch } from "../jobs/watch.ts";
import { Refusal } from "../refusal.ts";

type OpenDrawsOptions = Omit<DrawParts, "findStock"> & {
  /** Runs the job `run-draws` once across instances. */
  runJob: () => Promise<unknown>;
  log: Logger;
};

export type Draws = { start: () => void; run: () => Promise<{ drawn: number }> };

/** Opens the watch over draws and events of drops: each instance looks for due draws, and one of them runs the job. */
export function openDraws(stack: AsyncDisposableStack, { log, runJob, ...rest }: OpenDrawsOptions): Draws {
  const parts: DrawParts = { ...rest, findStock: stockFinder(rest.database) };
  const drawWatch = new Watch(
    async () => {
      await tellNews(parts);
      if (!(await hasDueDraws(parts))) return;
      // BUSY: another instance is at it.
      await runJob().catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      });
    },
    (error) => log.warn({ err: error }, "a draw could not be made; the shop tries again"),
  );
  stack.defer(() => drawWatch.stop());
  return { start: () => drawWatch.start(), run: () => runDraws(parts) };
}
