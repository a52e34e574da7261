// The proof of a draw in words, checked by the visitor's own browser.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useResource } from "../../../shared/resource.ts";
import { shop } from "../../api.ts";
import { t } from "../../words/words.ts";
import { Icon } from "../icon.tsx";
import { checkDraw, type DrawCheck } from "./draw-check.ts";
import type { Drop, Entry } from "./drop-data.ts";

export function DrawProof({ drop, entry }: { drop: Drop; entry: Entry | null }) {
  // It changes when the drop closes and when it is drawn, so it is read again then.
  const draw = useResource(
    `draw ${drop.id} ${drop.status} ${entry?.rank}`,
    async (signal) => (await shop.getDraw({ path: { dropId: drop.id }, signal })).body,
    {
      everyMs: (known) => (known === undefined || known.drawnAt !== null ? 60_000 : drop.status === "CLOSED" ? 3000 : 30_000),
    },
  ).data;
  const check = useSignal<DrawCheck | null>(null);
  useEffect(() => {
    if (draw) void checkDraw(draw, entry).then((result) => (check.value = result));
  }, [draw?.seed, entry?.proof?.leaf, entry?.rank]);
  if (!draw) return null;
  const { commitment, entriesRoot, entryCount, publicValueSource, publicValue, seed } = draw;
  const values = [
    [t.value.proofCommitment, commitment],
    [t.value.proofRoot, entriesRoot],
    [t.value.proofValue, publicValue],
    [t.value.proofSeed, seed],
  ] as const;
  return (
    <details class="proof">
      <summary>{t.value.proofTitle}</summary>
      <p>{t.value.proofBefore}</p>
      {publicValueSource && <p>{t.value.proofPublic(publicValueSource)}</p>}
      {entryCount !== null && <p>{t.value.proofEntries(entryCount)}</p>}
      {check.value && <Verdict isValid={check.value.seed} words={check.value.seed ? t.value.proofSeedOk : t.value.proofSeedBad} />}
      {check.value?.entry !== undefined && check.value.entry !== null && (
        <Verdict isValid={check.value.entry} words={check.value.entry ? t.value.proofInOk(entry?.rank ?? 0) : t.value.proofInBad} />
      )}
      {check.value && <p class="muted">{t.value.proofHere}</p>}
      <dl class="proof-values">
        {values.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ),
        )}
      </dl>
      <p>
        <a href={`/drops/${drop.id}/draw/file`} download>
          {t.value.proofFile}
        </a>
      </p>
    </details>
  );
}

function Verdict({ isValid, words }: { isValid: boolean; words: string }) {
  return (
    <p class={`verdict ${isValid ? "good" : "bad"}`}>
      <Icon name={isValid ? "check" : "info"} />
      {words}
    </p>
  );
}
