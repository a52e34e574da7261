// A draw: the commitment, the public value, and the command that checks the result.

import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { TextField } from "../parts/fields.tsx";
import { Card, Fact, Failure, Notice, When } from "../parts/parts.tsx";
import { d } from "../words/drops.ts";
import type { OneDrop } from "./drops.tsx";

const POLL_MS = 3000;
const VALUE_MAX = 1000;

export function DropDraw({ drop, done }: { drop: OneDrop; done: (words: string) => Promise<void> }) {
  const path = { dropId: drop.id };
  const { data, error, reload } = useResource(`draw ${drop.id}`, async (signal) => (await shop.getDraw({ path, signal })).body, {
    everyMs: POLL_MS,
  });
  const value = useSignal("");
  if (data === undefined) return error === undefined ? null : <Failure error={error} retry={() => void reload()} />;
  const { commitment, publicValueSource, publicValue, seed, entriesRoot, entryCount, drawnAt } = data;
  const waitsForValue = publicValueSource !== null && publicValue === null && entriesRoot !== null;
  return (
    <Card title={d.value.draw}>
      {waitsForValue && <Notice kind="warn">{d.value.waitsForValue}</Notice>}
      <dl class="facts">
        <Fact name={d.value.publicValueSource} wide>
          {publicValueSource === null ? d.value.noPublicValue : <bdi>{publicValueSource}</bdi>}
        </Fact>
        {publicValueSource !== null && (
          <Fact name={d.value.publicValue} wide>
            {publicValue === null ? <span class="muted">{d.value.notYet}</span> : <bdi class="id whole">{publicValue}</bdi>}
          </Fact>
        )}
        <Fact name={d.value.drawnAt}>{drawnAt === null ? <span class="muted">{d.value.notYet}</span> : <When at={drawnAt} />}</Fact>
        <Fact name={d.value.entryCount}>{entryCount === null ? <span class="muted">{d.value.notYet}</span> : formatNumber(entryCount)}</Fact>
        <Digest name={d.value.commitment} hint={d.value.commitmentHint} value={commitment} />
        <Digest name={d.value.entriesRoot} value={entriesRoot} />
        <Digest name={d.value.seed} value={seed} />
      </dl>
      {waitsForValue && (
        <div class="form-row">
          <Confirm
            needs="drops"
            label={d.value.enterPublicValue}
            tone="primary"
            quiet={false}
            opened={() => (value.value = "")}
            run={async ({ key, shop }) => {
              await shop.setPublicValue({ path: { id: drop.id }, body: { publicValue: value.value.trim() }, idempotencyKey: key });
              await Promise.all([reload(), done(d.value.publicValueSet)]);
            }}
          >
            <p>{d.value.publicValueWords}</p>
            <p class="muted">
              <bdi>{publicValueSource}</bdi>
            </p>
            <TextField label={d.value.publicValue} value={value} max={VALUE_MAX} />
          </Confirm>
        </div>
      )}
      {entriesRoot !== null && (
        <>
          <p class="muted above">{d.value.verifyWords}</p>
          <pre class="command">
            npx jangnal verify-draw {location.origin}/drops/{drop.id}
          </pre>
          <a href={`/drops/${drop.id}/draw/file`} download={`draw-${drop.id}.ndjson`}>
            {d.value.drawFile}
          </a>
        </>
      )}
    </Card>
  );
}

function Digest({ name, hint, value }: { name: string; hint?: string; value: string | null }) {
  return (
    <Fact name={name} wide>
      {value === null ? <span class="muted">{d.value.notYet}</span> : <span class="id whole">{value}</span>}
      {hint && <span class="field-hint"> {hint}</span>}
    </Fact>
  );
}
