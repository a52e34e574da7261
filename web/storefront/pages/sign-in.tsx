import { useSignal } from "@preact/signals";
import { shopInfo } from "../../shared/shop-info.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../../shared/attempt.ts";
import { Icon } from "../parts/icon.tsx";
import { Failure, Notice, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { useResource } from "../../shared/resource.ts";
import { redirect, route, to } from "../router.ts";
import { expired, sessionOf, signIn } from "../session.ts";
import { t } from "../words/words.ts";

export function SignIn() {
  return (
    <div class="narrow">
      <Title>{shopInfo.value?.demo === false ? t.value.signIn : t.value.signInTitle}</Title>
      {expired.value && <Notice kind="warn">{t.value.sessionExpired}</Notice>}
      {shopInfo.value === null && <Skeleton />}
      {shopInfo.value?.demo === true && <DemoUsers />}
      {shopInfo.value?.demo === false && <WithToken />}
    </div>
  );
}

/** Continues to the visitor's target, if it is a route of this page. */
function continueToTarget(): void {
  const next = route.value.query.get("next") ?? "/";
  redirect(to(next.startsWith("/") ? next : "/"));
}

function DemoUsers() {
  const users = useResource("demo users", async (signal) => (await shop.listDemoUsers({ signal })).body.users);
  const start = useAttempt(async (_press, userId: string) => {
    const { body } = await shop.signInAsDemoUser({ body: { userId } });
    signIn({ token: body.token, userId: body.userId, name: body.name });
    continueToTarget();
  });
  return (
    <>
      <p class="muted">{t.value.signInHint}</p>
      {!users.data && (users.error === undefined ? <Skeleton /> : <Failure error={users.error} retry={() => void users.reload()} />)}
      <ul class="people">
        {users.data?.map(({ id, name }) => (
          <li key={id}>
            <button type="button" class="person" aria-disabled={start.busy} onClick={() => void start.run(id)} aria-label={t.value.signInAs(name)}>
              <span class="avatar" data-letter={[...name][0]} aria-hidden="true" />
              <bdi>{name}</bdi>
            </button>
          </li>
        ))}
      </ul>
      {start.error !== undefined && <Failure error={start.error} />}
    </>
  );
}

function WithToken() {
  const token = useSignal("");
  const isWrong = useSignal(false);
  const start = useAttempt(async (_press, text: string) => {
    const session = sessionOf(text.trim());
    isWrong.value = session === null;
    if (session === null) return;
    signIn(session);
    // The first request lets the shop verify the token. If the shop refuses it, the session ends.
    await shop.getBalance({ path: { userId: session.userId } });
    continueToTarget();
  });
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void start.run(token.value);
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
      {isWrong.value && <Notice kind="bad">{t.value.tokenWrong}</Notice>}
      {start.error !== undefined && <Failure error={start.error} />}
      <button type="submit" class="button primary" aria-disabled={start.busy}>
        {start.busy ? <Spinner /> : <Icon name="person" />}
        {t.value.signIn}
      </button>
    </form>
  );
}
