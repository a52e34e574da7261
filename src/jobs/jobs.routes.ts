import Type from "typebox";
import { type Routes, perform } from "../http/route.ts";
import { Body, Instant, Nullable } from "../http/schemas.ts";
import type { JobView, Scheduler } from "./scheduler.ts";

const Job = Type.Object(
  {
    name: Type.String(),
    schedule: Type.String({ description: "cron, in the shop's zone" }),
    lastRunAt: Nullable(Instant()),
    lastResult: Type.Unknown(),
    lastRuns: Type.Array(Type.Object({ startedAt: Instant(), finishedAt: Instant(), result: Type.Unknown() }), {
      description: "The last ten, newest first",
    }),
  },
  { title: "Job" },
);

export type JobsRoutesOptions = { scheduler: Scheduler };

export function jobsRoutes(routes: Routes, { scheduler }: JobsRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/jobs",
      operationId: "listJobs",
      audience: "operator",
      permission: "operations",
      tag: "Jobs",
      summary: "List the scheduled jobs",
      description: "Each job with its schedule and its last runs by any instance.",
      answers: { 200: Type.Object({ jobs: Type.Array(Job) }) },
    },
    () => scheduler.list(),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/jobs/{name}/run",
      operationId: "runJob",
      audience: "operator",
      permission: "operations",
      tag: "Jobs",
      summary: "Run a job now; answers when it is done",
      description: "If the job is running, this run begins after that one, or is refused with `BUSY`.",
      params: Type.Object({ name: Type.String({ maxLength: 100, description: "The job's name" }) }),
      body: Body({}),
      answers: { 200: Job },
      refusals: ["NOT_FOUND"],
    },
    ({ params: { name } }) => perform(() => scheduler.run(name), 200, countsOf),
  );
}

/** The counts of a job's last run. */
function countsOf({ lastResult }: JobView): Record<string, number> {
  return Object.fromEntries(Object.entries(lastResult ?? {}).filter((member): member is [string, number] => typeof member[1] === "number"));
}
