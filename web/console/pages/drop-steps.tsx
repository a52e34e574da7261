// An operator's actions on a drop.

import { isoMinutes, minutesOf } from "../duration.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { type Changes, useForm } from "../form.ts";
import { Confirm } from "../parts/confirm.tsx";
import { EditDialog } from "../parts/edit-dialog.tsx";
import { MomentField, momentOf, NumberField, TextField, wallTime } from "../parts/fields.tsx";
import { HoldFields } from "../parts/hold-fields.tsx";
import { mayChange } from "../session.ts";
import { d } from "../words/drops.ts";
import { t } from "../words/words.ts";
import type { OneDrop } from "./drops.tsx";
import { LIMIT_MAX } from "./new-drop.tsx";

type StepsProps = { drop: OneDrop; isReleased: boolean; done: (words: string) => Promise<void>; reload: () => Promise<void> };

export function DropSteps({ drop, isReleased, done, reload }: StepsProps) {
  const { status, remaining } = drop;
  const path = { id: drop.id };
  return (
    <>
      {mayChange("operations") && status === "UPCOMING" && (
        <a class="button small quiet" href={to("/rehearsals", { drop: drop.id })}>
          {d.value.rehearse}
        </a>
      )}
      {status !== "CLOSED" && <EditDrop drop={drop} done={done} reload={reload} />}
      {(status === "OPEN" || status === "SOLD_OUT") && (
        <Confirm
          needs="drops"
          label={d.value.pause}
          tone="primary"
          run={async ({ key, shop }) => {
            await shop.pauseDrop({ path, body: {}, idempotencyKey: key });
            await done(d.value.paused);
          }}
        >
          {d.value.pauseWords}
        </Confirm>
      )}
      {status === "PAUSED" && (
        <Confirm
          needs="drops"
          label={d.value.resume}
          tone="primary"
          quiet={false}
          run={async ({ key, shop }) => {
            await shop.resumeDrop({ path, body: {}, idempotencyKey: key });
            await done(d.value.resumed);
          }}
        >
          {d.value.resumeWords}
        </Confirm>
      )}
      {status !== "CLOSED" && (
        <Confirm
          needs="drops"
          label={d.value.closeDrop}
          run={async ({ key, shop }) => {
            await shop.closeDrop({ path, body: {}, idempotencyKey: key });
            await done(d.value.closed);
          }}
        >
          {d.value.closeWords}
        </Confirm>
      )}
      {status === "CLOSED" && !isReleased && (
        <Confirm
          needs="drops"
          label={remaining === 0 ? d.value.releaseEmpty : d.value.release}
          tone="primary"
          run={async ({ key, shop }) => {
            await shop.releaseDrop({ path, body: {}, idempotencyKey: key });
            await done(d.value.released);
          }}
        >
          {remaining === 0 ? d.value.releaseEmptyWords : d.value.releaseWords(remaining)}
        </Confirm>
      )}
    </>
  );
}

type FieldName = "name" | "opens" | "closes" | "limit" | "minutes" | "waitlist" | "source";

/** @param source the announced source of a draw's public value */
const fieldsOf =
  (source: () => string | null) =>
  ({ name, opensAt, closesAt, limitPerCustomer, holdFor, waitlist }: OneDrop): Record<FieldName, string> => ({
    name,
    opens: wallTime(opensAt),
    closes: closesAt === null ? "" : wallTime(closesAt),
    limit: limitPerCustomer === null ? "" : String(limitPerCustomer),
    minutes: holdFor === null ? "" : String(minutesOf(holdFor) ?? ""),
    waitlist: waitlist ? "yes" : "",
    source: source() ?? "",
  });

function EditDrop({ drop, done, reload }: Omit<StepsProps, "isReleased">) {
  const isDraw = drop.mode === "DRAW";
  const { data: draw } = useResource(`draw to edit ${drop.id}`, async (signal) =>
    isDraw ? (await shop.getDraw({ path: { dropId: drop.id }, signal })).body : null,
  );
  const form = useForm<FieldName, OneDrop>(
    drop,
    fieldsOf(() => draw?.publicValueSource ?? null),
  );
  const { name, opens, closes, limit, minutes, waitlist, source } = form.fields;
  const isUpcoming = drop.status === "UPCOMING";
  return (
    <EditDialog
      form={form}
      needs="drops"
      title={d.value.editDrop}
      disabled={draw === undefined}
      send={(shop, changes, { version, idempotencyKey }) =>
        shop.editDrop({ path: { id: drop.id }, body: { ...editOf(changes), ...(version === undefined ? {} : { version }) }, idempotencyKey })
      }
      saved={() => done(t.value.saved)}
      reload={reload}
      label={labelOf}
      format={(field, value) => (field === "opens" || field === "closes" ? value.replace("T", " ") : value)}
    >
      <TextField label={t.value.name} value={name} path="/name" />
      {isUpcoming && <MomentField label={d.value.opens} value={opens} path="/opensAt" />}
      <MomentField
        label={isDraw ? d.value.closesDraw : d.value.closes}
        value={closes}
        path="/closesAt"
        {...(isDraw ? {} : { hint: t.value.mayBeEmpty, optional: true })}
      />
      {isUpcoming ? (
        <>
          <NumberField label={d.value.limit} value={limit} min={1} max={LIMIT_MAX} hint={d.value.limitHint} path="/limitPerCustomer" optional />
          <HoldFields
            mode={drop.mode}
            minutes={minutes}
            source={source}
            waitlist={waitlist.value === "yes"}
            setWaitlist={(isOn) => (waitlist.value = isOn ? "yes" : "")}
          />
        </>
      ) : (
        <p class="muted">{d.value.onlySome}</p>
      )}
    </EditDialog>
  );
}

function labelOf(field: FieldName): string {
  switch (field) {
    case "name":
      return t.value.name;
    case "opens":
      return d.value.opens;
    case "closes":
      return d.value.closes;
    case "limit":
      return d.value.limit;
    case "minutes":
      return `${d.value.hold} (${d.value.minutes})`;
    case "waitlist":
      return d.value.waitlist;
    case "source":
      return d.value.publicValueSource;
  }
}

function editOf({ name, opens, closes, limit, minutes, waitlist, source }: Changes<FieldName>) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(opens === undefined ? {} : { opensAt: momentOf(opens) as string }),
    ...(closes === undefined ? {} : { closesAt: closes === "" ? null : momentOf(closes) }),
    ...(limit === undefined ? {} : { limitPerCustomer: limit === "" ? null : Number(limit) }),
    ...(minutes === undefined ? {} : { holdFor: isoMinutes(Number(minutes)) }),
    ...(waitlist === undefined ? {} : { waitlist: waitlist === "yes" }),
    ...(source === undefined ? {} : { publicValueSource: source === "" ? null : source }),
  };
}
