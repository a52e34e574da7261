import { useSignal } from "@preact/signals";
import { facts, shop } from "../api.ts";
import { useAttempt } from "../../shared/attempt.ts";
import { Icon } from "../parts/icon.tsx";
import { Failure, Notice, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { useResource } from "../../shared/resource.ts";
import { place, replace, to } from "../../shared/router.ts";
import { expired, sessionOf, signIn } from "../session.ts";
import { t } from "../words/words.ts";

export function SignIn() {
  return (
    <div class="narrow">
      <Title>{facts.value?.demo === false ? t.value.signIn : t.value.signInTitle}</Title>
      {expired.value && <Notice kind="warn">{t.value.sessionExpired}</Notice>}
      {facts.value === null && <Skeleton />}
      {facts.value?.demo === true && <DemoUsers />}
      {facts.value?.demo === false && <WithToken />}
    </div>
  );
}

/** Where the visitor was going. Only to a place of this page. */
function onward(): void {
  const next = place.value.query.get("next") ?? "/";
  replace(to(next.startsWith("/") ? next : "/"));
}

function DemoUsers() {
  const users = useResource("demo users", async (signal) => (await shop.listDemoUsers({ signal })).body.users);
  const enter = useAttempt(async (_press, userId: string) => {
    const { body } = await shop.signInAsDemoUser({ body: { userId } });
    signIn({ token: body.token, userId: body.userId, name: body.name });
    onward();
  });
  return (
    <>
      <p class="muted">{t.value.signInHint}</p>
      {!users.data && (users.error === undefined ? <Skeleton /> : <Failure error={users.error} retry={() => void users.reload()} />)}
      <ul class="people">
        {users.data?.map(({ id, name }) => (
          <li key={id}>
            <button type="button" class="person" aria-disabled={enter.busy} onClick={() => void enter.run(id)} aria-label={t.value.signInAs(name)}>
              <span class="avatar" data-letter={[...name][0]} aria-hidden="true" />
              <bdi>{name}</bdi>
            </button>
          </li>
        ))}
      </ul>
      {enter.error !== undefined && <Failure error={enter.error} />}
    </>
  );
}

function WithToken() {
  const token = useSignal("");
  const wrong = useSignal(false);
  const enter = useAttempt(async (_press, given: string) => {
    const session = sessionOf(given.trim());
    wrong.value = session === null;
    if (session === null) return;
    signIn(session);
    // Whether it is good the shop will say; where it is not, the session ends at once.
    await shop.getBalance({ path: { userId: session.userId } });
    onward();
  });
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void enter.run(token.value);
      }}
    >
      <label class="field">
        <span>{t.value.token}</span>
        <textarea
          rows={4}
          required
          spellcheck={false}
          autocomplete="off"
          value={token.value}
          onInput={(event) => (token.value = event.currentTarget.value)}
          aria-describedby="token-hint"
        />
        <span id="token-hint" class="muted">
          {t.value.tokenHint}
        </span>
      </label>
      {wrong.value && <Notice kind="bad">{t.value.tokenWrong}</Notice>}
      {enter.error !== undefined && <Failure error={enter.error} />}
      <button type="submit" class="button primary" aria-disabled={enter.busy}>
        {enter.busy ? <Spinner /> : <Icon name="person" />}
        {t.value.signIn}
      </button>
    </form>
  );
}
