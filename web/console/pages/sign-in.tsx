import { useSignal } from "@preact/signals";
import { LanguageSwitch } from "../parts/language-switch.tsx";
import { Field, Notice } from "../parts/parts.tsx";
import { sessionProblem, signIn } from "../session.ts";
import { t } from "../words/words.ts";

/** A token is the only way to sign in to the console. */
export function SignIn() {
  const token = useSignal("");
  const problem = sessionProblem.value;
  return (
    <main class="sign-in">
      <div class="sign-in-head">
        <span class="brand-mark large" aria-hidden="true" />
        <LanguageSwitch />
      </div>
      <h1>{t.value.title}</h1>
      <p>{t.value.signInHint}</p>
      {problem && <Notice kind="warn">{problem === "expired" ? t.value.sessionExpired : t.value.noOperator}</Notice>}
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
        <button class="button primary" type="submit">
          {t.value.signIn}
        </button>
      </form>
      <p class="muted">{t.value.howToToken}</p>
      <pre class="command">npx jangnal token --user me --role operator</pre>
    </main>
  );
}
