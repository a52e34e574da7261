// A new drop: its product first, then its terms. The product is in the address, so that a link restores it.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shopTime } from "../../shared/clock.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, redirect, route, to } from "../../shared/router.ts";
import { shopInfo } from "../../shared/shop-info.ts";
import { shop } from "../api.ts";
import { type ActionContext, useAttempt } from "../attempt.ts";
import { isoMinutes } from "../duration.ts";
import { FieldErrors } from "../parts/field-errors.tsx";
import { MomentField, momentOf, NumberField, TextField, wallTime } from "../parts/fields.tsx";
import { HoldFields } from "../parts/hold-fields.tsx";
import { Card, Failure, Notice, Title } from "../parts/parts.tsx";
import { d } from "../words/drops.ts";
import { t } from "../words/words.ts";
import { ChosenProduct, ProductChoice } from "./product-choice.tsx";

export const MODES = ["DIRECT", "FIRST_COME", "DRAW"] as const;
export type Mode = (typeof MODES)[number];

/** The shop's limit. */
export const LIMIT_MAX = 1_000_000;

const HOUR_MS = 3_600_000;
const DEFAULT_MINUTES: Record<Mode, string> = { DIRECT: "", FIRST_COME: "5", DRAW: "1440" };

export function NewDropPage() {
  const product = route.value.query.get("product") ?? undefined;
  return (
    <>
      <Title>{d.value.newDrop}</Title>
      {product === undefined ? (
        <ProductChoice title={d.value.step1} choose={(id) => navigate(to("/drops/new", { product: id }))} />
      ) : (
        <>
          <ChosenProduct title={d.value.step1} id={product} clear={() => navigate(to("/drops/new"))} notForSale={d.value.onSaleFirst} />
          <TermsForm key={product} productId={product} />
        </>
      )}
    </>
  );
}

type Terms = Record<"name" | "opens" | "closes" | "limit" | "minutes" | "source", Signal<string>> & { mode: Signal<Mode>; waitlist: Signal<boolean> };

function useTerms(): Terms {
  const [name, opens, closes, limit, minutes, source] = [useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  return { name, opens, closes, limit, minutes, source, mode: useSignal<Mode>("DIRECT"), waitlist: useSignal(true) };
}

function TermsForm({ productId }: { productId: string }) {
  const terms = useTerms();
  const { name, opens, closes, limit, mode, minutes, waitlist, source } = terms;
  const { data: product } = useResource(
    `product of a drop ${productId}`,
    async (signal) => (await shop.getProduct({ path: { productId }, signal })).body,
  );
  const clockIsSet = shopInfo.value !== null;
  useEffect(() => {
    // A proposal by the clock of this computer would open the drop at a wrong time.
    if (clockIsSet && opens.peek() === "") opens.value = nextHour();
  }, [clockIsSet]);
  useEffect(() => {
    if (product && name.peek() === "") name.value = product.name;
  }, [product]);
  const make = useAttempt(async (context) => {
    const id = await makeDrop(context, productId, product?.status === "NOT_FOR_SALE", terms);
    redirect(to(`/drops/${id}`, { made: "yes" }));
  });
  return (
    <Card title={d.value.step2}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void make.run();
        }}
      >
        <ModeChoice
          mode={mode.value}
          choose={(chosen) => {
            mode.value = chosen;
            terms.minutes.value = DEFAULT_MINUTES[chosen];
          }}
        />
        <FieldErrors error={make.error}>
          <div class="form-grid">
            <TextField label={t.value.name} value={name} path="/name" />
            <MomentField label={d.value.opens} value={opens} path="/opensAt" />
            {mode.value === "DRAW" ? (
              <MomentField label={d.value.closesDraw} value={closes} path="/closesAt" />
            ) : (
              <MomentField label={d.value.closes} value={closes} hint={t.value.mayBeEmpty} path="/closesAt" optional />
            )}
            <NumberField label={d.value.limit} value={limit} min={1} max={LIMIT_MAX} hint={d.value.limitHint} path="/limitPerCustomer" optional />
            <HoldFields
              mode={mode.value}
              minutes={minutes}
              source={source}
              waitlist={waitlist.value}
              setWaitlist={(isOn) => (waitlist.value = isOn)}
            />
          </div>
        </FieldErrors>
        {product?.stock === 0 && <Notice kind="warn">{d.value.holdsNoStock}</Notice>}
        {make.error !== undefined && <Failure error={make.error} />}
        <button class="button primary" type="submit" aria-disabled={make.busy}>
          {make.busy ? t.value.working : d.value.makeDrop}
        </button>
      </form>
    </Card>
  );
}

function ModeChoice({ mode, choose }: { mode: Mode; choose: (mode: Mode) => void }) {
  return (
    <fieldset>
      <legend>{d.value.mode}</legend>
      <div class="choices">
        {MODES.map((value) => (
          <label key={value} class="choice">
            <input type="radio" name="mode" checked={mode === value} onChange={() => choose(value)} />
            <span>
              <strong>{d.value[value]}</strong>
              <span class="muted">{d.value[`${value}words`]}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/**
 * Makes a drop and returns its id. The shop makes no drop for a product that is not for sale, so this puts it on sale first, and takes it
 * back if the drop is refused.
 */
async function makeDrop({ key, shop }: ActionContext, productId: string, isDraft: boolean, terms: Terms): Promise<string> {
  const { name, mode, opens, closes, limit, minutes, waitlist, source } = terms;
  const setStatus = (status: "ON_SALE" | "NOT_FOR_SALE") =>
    shop.editProduct({ path: { id: productId }, body: { status }, idempotencyKey: `${key}-${status}` });
  if (isDraft) await setStatus("ON_SALE");
  try {
    const { body } = await shop.createDrop({
      body: {
        productId,
        mode: mode.value,
        name: name.value.trim(),
        opensAt: momentOf(opens.value) as string,
        ...(closes.value === "" ? {} : { closesAt: momentOf(closes.value) }),
        ...(limit.value === "" ? {} : { limitPerCustomer: Number(limit.value) }),
        ...(mode.value === "DIRECT" ? {} : { holdFor: isoMinutes(Number(minutes.value)), waitlist: waitlist.value }),
        ...(mode.value === "DRAW" && source.value.trim() !== "" ? { publicValueSource: source.value.trim() } : {}),
      },
      idempotencyKey: key,
    });
    return body.id;
  } catch (error) {
    if (isDraft) await setStatus("NOT_FOR_SALE");
    throw error;
  }
}

/** The next full hour that is at least half an hour away. */
const nextHour = (): string => wallTime(Math.ceil((shopTime() + HOUR_MS / 2) / HOUR_MS) * HOUR_MS);
