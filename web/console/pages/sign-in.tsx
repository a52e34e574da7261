import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { LanguageSwitch } from "../parts/language-switch.tsx";
import { Field, Notice } from "../parts/parts.tsx";
import { resumeSession, sessionProblem, signIn } from "../session.ts";
import { t } from "../words/words.ts";

/** Operators sign in at the issuer, if the shop is a client of one, or with a token. */
export function SignIn() {
  const token = useSignal("");
  const hasIssuer = useSignal(false);
  useEffect(() => void resumeSession().then((available) => (hasIssuer.value = available)), []);
  const problem = sessionProblem.value;
  return (
    <main class="sign-in">
      <div class="sign-in-head">
        <span class="brand-mark large" aria-hidden="true" />
        <LanguageSwitch />
      </div>
      <h1>{t.value.title}</h1>
      <p>{t.value.signInHint}</p>
      {problem && <Notice kind="warn">{problemText(problem)}</Notice>}
      {hasIssuer.value && (
        <p>
          <a class="button primary" href="/console/sign-in">
            {t.value.signInAtIssuer}
          </a>
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signIn(token.value);
        }}
      >
        <Field label={t.value.token}>
          <textarea
            rows={4}
            spellcheck={false}
            autocomplete="off"
            required
            value={token.value}
            onInput={({ currentTarget }) => (token.value = currentTarget.value)}
          />
        </Field>
        <button class={hasIssuer.value ? "button" : "button primary"} type="submit">
          {t.value.signIn}
        </button>
      </form>
      <p class="muted">{t.value.howToToken}</p>
      <pre class="command">npx jangnal token --user me --role operator</pre>
    </main>
  );
}

function problemText(problem: NonNullable<typeof sessionProblem.value>): string {
  if (problem === "failed") return t.value.signInFailed;
  if (problem === "unavailable") return t.value.issuerUnavailable;
  if (problem === "forbidden") return t.value.noOperatorAccount;
  return problem === "expired" ? t.value.sessionExpired : t.value.noOperator;
}
