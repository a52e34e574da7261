import { useResource } from "../../shared/resource.ts";
import { shop } from "../api.ts";
import { type ActionContext, perOperator } from "../attempt.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Busy, Failure, Title, When } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { jobWord, resultWords, scheduleWords } from "../words/jobs.ts";
import { t } from "../words/words.ts";

/** The jobs that this operator started and that still run. Outlives the page. */
const runningJobs = perOperator<readonly string[]>([]);

export function Jobs() {
  const { data, error, reload } = useResource("jobs", async (signal) => (await shop.listJobs({ signal })).body.jobs, { everyMs: 5000 });
  const running = runningJobs();
  const run = async (name: string, { key, shop }: ActionContext): Promise<void> => {
    running.value = [...running.value, name];
    try {
      await shop.runJob({ path: { name }, body: {}, idempotencyKey: key });
      await reload();
    } finally {
      running.value = running.value.filter((other) => other !== name);
    }
  };
  return (
    <>
      <Title>{t.value.jobs}</Title>
      <p class="muted">{t.value.jobsWords}</p>
      {error !== undefined && <Failure error={error} retry={() => void reload()} />}
      {data === undefined ? (
        error === undefined && <Busy />
      ) : (
        <Table
          caption={t.value.jobs}
          rows={data}
          keyOf={({ name }) => name}
          columns={[
            {
              head: t.value.job,
              main: true,
              cell: ({ name }) => (
                <>
                  {jobWord(name)} <span class="id muted">{name}</span>
                </>
              ),
            },
            { head: t.value.schedule, cell: ({ schedule }) => <span title={schedule}>{scheduleWords(schedule)}</span> },
            { head: t.value.lastRun, cell: ({ lastRunAt }) => <When at={lastRunAt} /> },
            { head: t.value.outcome, cell: ({ lastResult }) => resultWords(lastResult) },
            {
              head: t.value.actions,
              end: true,
              cell: ({ name }) => (
                <Confirm
                  needs="operations"
                  label={running.value.includes(name) ? t.value.working : t.value.runNow}
                  about={jobWord(name)}
                  title={`${t.value.runNow}: ${jobWord(name)}`}
                  act={t.value.runNow}
                  tone="primary"
                  disabled={running.value.includes(name)}
                  run={(context) => run(name, context)}
                >
                  {t.value.runNowWords}
                </Confirm>
              ),
            },
          ]}
        />
      )}
    </>
  );
}
