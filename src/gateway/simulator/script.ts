// The script of a payment stands in its key, so it is the same on every machine and after a restart.
//
//   decline…, timeout…                   always declined; approved, but the shop gets neither answer nor webhook and has to ask
//   sim.lost+ok.timeout.error.twice.42   the steps of confirm, cancel and find, one for each call, and the time of the webhooks
//
// After the last step every call succeeds; a step with a star repeats without end. Any other key is approved.

/** The steps: `lost`, `cut` and `timeout` take effect although the caller gets no usable answer. */
export const STEPS = {
  ok: "succeeds",
  decline: "refused, finally",
  slow: "succeeds, after a delay",
  error: "no effect, and the answer is a 500",
  provider: "no effect, and the answer is a 400 for a temporary error",
  consecutive: "no effect, and a 403 for requests that follow each other too quickly",
  bank: "no effect, and a 403 because the bank is closed",
  forbidden: "no effect, and a 403 that says nothing about the payment",
  missing: "no effect, and a 404",
  odd: "succeeds, and the answer has a status that is in no document",
  decimal: "succeeds, and the answer has a fraction of a won",
  drop: "no effect, and the connection breaks",
  silent: "no effect, and no answer",
  late: "no answer, and it takes effect after a delay",
  lost: "takes effect, and the answer is a 500",
  cut: "takes effect, and the connection breaks",
  timeout: "takes effect, and no answer",
} as const;
export type Step = keyof typeof STEPS;

/** When the shop is notified of a change: before the answer, after it, twice, followed by a false ABORTED (`disorder`), or never. */
export const WEBHOOKS = ["after", "before", "twice", "disorder", "never"] as const;
export type Webhook = (typeof WEBHOOKS)[number];

type Steps = { step: Step; always: boolean }[];
export type Script = { confirm: Steps; cancel: Steps; find: Steps; webhook: Webhook };

const WORDS = ["decline", "timeout"] as const;

/** The script in a payment key. */
export function scriptOf(paymentKey: string): Script {
  if (paymentKey.startsWith("sim.")) {
    const [, confirm = "", cancel = "", find = "", webhook = ""] = paymentKey.split(".");
    return { confirm: steps(confirm), cancel: steps(cancel), find: steps(find), webhook: WEBHOOKS.find((time) => time === webhook) ?? "after" };
  }
  const word = WORDS.find((step) => paymentKey.startsWith(step));
  return { confirm: word ? [{ step: word, always: true }] : [], cancel: [], find: [], webhook: word === "timeout" ? "never" : "after" };
}

/** A payment key with this script. `unique` makes it different from all others. */
export function keyFor(
  { confirm = [], cancel = [], find = [], webhook = "after" }: { confirm?: string[]; cancel?: string[]; find?: string[]; webhook?: Webhook },
  unique: string,
): string {
  return ["sim", confirm.join("+"), cancel.join("+"), find.join("+"), webhook, unique].join(".");
}

export function stepAt(steps: Steps, call: number): Step {
  const last = steps.at(-1);
  return steps[call]?.step ?? (last?.always ? last.step : "ok");
}

function steps(words: string): Steps {
  return words.split("+").flatMap((word) => {
    const step = word.replace(/\*$/, "") as Step;
    return Object.hasOwn(STEPS, step) ? [{ step, always: word.endsWith("*") }] : [];
  });
}
