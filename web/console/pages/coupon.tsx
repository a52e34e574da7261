// One campaign: its terms, and the actions of operators on its coupons.

import { useSignal } from "@preact/signals";
import type { Campaign } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { JournalLink } from "../parts/journal-link.tsx";
import { ReasonField } from "../parts/fields.tsx";
import { Card, Fact, FaultList, Field, Notice, NotLoaded, Status, Title, When } from "../parts/parts.tsx";
import { FileField } from "../parts/file-field.tsx";
import { mayChange } from "../session.ts";
import { c } from "../words/coupons.ts";
import { t } from "../words/words.ts";
import { discountWords } from "./coupons.tsx";
import { EditCoupon } from "./edit-coupon.tsx";

/** The most users to whom the shop issues in one request. */
const MAX_USERS = 10_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Done = (words: string) => Promise<void>;

export function Coupon({ id }: { id: string }) {
  const { data, error, reload } = useResource(`coupon ${id}`, async (signal) => (await shop.getCoupon({ path: { couponId: id }, signal })).body);
  const message = useSignal<string | null>(null);
  if (data === undefined) return <NotLoaded title={t.value.coupon} error={error} retry={reload} />;
  const done: Done = async (words) => {
    message.value = words;
    await reload();
  };
  return (
    <>
      <Title about={data.name} side={<Steps campaign={data} done={done} reload={reload} />}>
        <bdi>{data.name}</bdi>
      </Title>
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <Card>
        <dl class="facts">
          <Fact name={t.value.discount}>{discountWords(data.discount)}</Fact>
          <Fact name={t.value.left}>
            {formatNumber(data.remainingQuantity)} / {formatNumber(data.totalQuantity)}
          </Fact>
          <Fact name={c.value.issued}>{formatNumber(data.totalQuantity - data.remainingQuantity)}</Fact>
          <Fact name={c.value.visibility}>{c.value[data.visibility ?? "PUBLIC"]}</Fact>
          <Fact name={t.value.opens}>
            <When at={data.opensAt} />
          </Fact>
          <Fact name={t.value.closes}>
            <When at={data.closesAt} />
          </Fact>
        </dl>
      </Card>
      {data.status !== "CLOSED" && mayChange("coupons") && <IssueToMany campaign={data} done={done} />}
    </>
  );
}

function Steps({ campaign, done, reload }: { campaign: Campaign; done: Done; reload: () => Promise<void> }) {
  const { id, status } = campaign;
  const reason = useSignal("");
  return (
    <>
      <Status of={status} />
      {mayChange("operations") && (
        <a class="button small quiet" href={to("/rehearsals", { coupon: id })}>
          {t.value.rehearse}
        </a>
      )}
      <EditCoupon campaign={campaign} reload={() => void reload()} />
      {status !== "CLOSED" && (
        <Confirm
          needs="coupons"
          label={t.value.close}
          title={t.value.closeCoupon}
          run={async ({ key, shop }) => {
            await shop.closeCoupon({ path: { id }, body: {}, idempotencyKey: key });
            await done(c.value.closed);
          }}
        >
          {t.value.closeCouponWords}
        </Confirm>
      )}
      <Confirm
        needs="coupons"
        label={c.value.void}
        opened={() => (reason.value = "")}
        run={async ({ key, shop }) => {
          const { body } = await shop.voidCoupons({ path: { id }, body: { reason: reason.value.trim() }, idempotencyKey: key });
          await done(c.value.voided(body.voided));
        }}
      >
        <p>{c.value.voidWords}</p>
        <ReasonField label={t.value.reason} value={reason} />
      </Confirm>
      <JournalLink subject={id} />
    </>
  );
}

type Read = { userIds: string[]; faults: { line: number; cell: string }[] };

/** The user ids of a text: each line's cell that is one. A first line without one is taken for the header of a file. */
function readUsers(text: string): Read {
  const userIds = new Set<string>();
  const faults: Read["faults"] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const cells = line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    const id = cells.find((cell) => UUID.test(cell));
    if (id !== undefined) userIds.add(id.toLowerCase());
    else if (line.trim() !== "" && !(i === 0 && cells.length > 0 && /[^0-9a-f-]/i.test(cells[0] ?? "")))
      faults.push({ line: i + 1, cell: line.trim().slice(0, 60) });
  }
  return { userIds: [...userIds], faults };
}

function IssueToMany({ campaign, done }: { campaign: Campaign; done: Done }) {
  const text = useSignal("");
  const { userIds, faults } = readUsers(text.value);
  return (
    <Card title={c.value.issueMany}>
      <p class="muted">{c.value.issueWords}</p>
      <div class="form">
        <Field label={c.value.users}>
          <textarea rows={5} spellcheck={false} value={text.value} onInput={({ currentTarget }) => (text.value = currentTarget.value)} />
        </Field>
        <FileField label={c.value.file} choose={async (file) => void (file && (text.value = await file.text()))} />
        <FaultList title={c.value.faulty(faults.length)} faults={faults.map(({ line, cell }) => c.value.lineFault(line, cell))} />
        {userIds.length > MAX_USERS && <Notice kind="bad">{c.value.tooMany(MAX_USERS)}</Notice>}
        <div class="form-row">
          <Confirm
            needs="coupons"
            label={c.value.issueAct(userIds.length)}
            title={c.value.issueMany}
            act={c.value.issueAct(userIds.length)}
            tone="primary"
            quiet={false}
            disabled={userIds.length === 0 || userIds.length > MAX_USERS || faults.length > 0}
            run={async ({ key, shop }) => {
              const { body } = await shop.issueCoupons({ path: { id: campaign.id }, body: { userIds }, idempotencyKey: key });
              text.value = "";
              await done(c.value.issuedTo(body.issued, body.alreadyHad));
            }}
          >
            {c.value.issueAllWords(userIds.length, campaign.name)}
          </Confirm>
        </div>
      </div>
    </Card>
  );
}
