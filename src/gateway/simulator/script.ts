// How a payment will misbehave is written in its key, so that it does so anywhere, and again after a restart.
//
//   decline…, timeout…                   is always declined; is approved, but the shop never gets the answer and has to ask
//   sim.lost+ok.timeout.error.twice.42   what each call of confirm, cancel and find brings, one after the other, and the webhooks
//
// Where a list ends everything is well; a step with a star is repeated for ever. Any other key is simply approved.

/** What one call brings: with effect (`lost`, `cut`, `timeout`) or without, and an answer or none. */
export const STEPS = {
  ok: "as it should be",
  decline: "refused for good",
  slow: "as it should be, after a while",
  error: "nothing is done, and the answer is a 500",
  provider: "nothing is done, and the answer is a 400 that is only temporary",
  drop: "nothing is done, and the connection breaks",
  silent: "nothing is done, and there is no answer",
  late: "there is no answer, and it is done a while later",
  lost: "it is done, and the answer is a 500",
  cut: "it is done, and the connection breaks",
  timeout: "it is done, and there is no answer",
} as const;
export type Step = keyof typeof STEPS;

/** When the shop is told of a change: before the answer, after it, twice, with an ABORTED behind it that is not true, or never. */
export const WEBHOOKS = ["after", "before", "twice", "disorder", "never"] as const;
export type Webhook = (typeof WEBHOOKS)[number];

type Steps = { step: Step; always: boolean }[];
export type Script = { confirm: Steps; cancel: Steps; find: Steps; webhook: Webhook };

const WORDS = ["decline", "timeout"] as const;

/** What this key has in store. */
export function scriptOf(paymentKey: string): Script {
  if (paymentKey.startsWith("sim.")) {
    const [, confirm = "", cancel = "", find = "", webhook = ""] = paymentKey.split(".");
    return { confirm: steps(confirm), cancel: steps(cancel), find: steps(find), webhook: WEBHOOKS.find((one) => one === webhook) ?? "after" };
  }
  const word = WORDS.find((step) => paymentKey.startsWith(step));
  return { confirm: word ? [{ step: word, always: true }] : [], cancel: [], find: [], webhook: "after" };
}

/** A key with this script. `unique` tells it from all others. */
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
