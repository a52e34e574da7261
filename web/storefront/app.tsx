// The frame around every page: where one is, where one can go, and what came of the line to the shop.

import { type ComponentChildren, Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { type Language, language, speak } from "../shared/languages.ts";
import { connection, facts } from "./api.ts";
import { cartCount } from "./cart.ts";
import { Balance } from "./pages/balance.tsx";
import { Cart } from "./pages/cart.tsx";
import { Checkout } from "./pages/checkout.tsx";
import { Coupons } from "./pages/coupons.tsx";
import { Home } from "./pages/home.tsx";
import { Order } from "./pages/order.tsx";
import { Orders } from "./pages/orders.tsx";
import { Product } from "./pages/product.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { Icon, type IconName } from "./parts/icon.tsx";
import { Empty, Notice, Title } from "./parts/parts.tsx";
import { go, here, place, subject, to } from "../shared/router.ts";
import { expired, session, signOut } from "./session.ts";
import { t } from "./words/words.ts";

/** Each page by its place; `mine` is for those who are signed in. */
const PAGES: { path: RegExp; mine?: true; title: () => string; page: (id: string) => ComponentChildren }[] = [
  { path: /^\/$/, title: () => t.value.tagline, page: () => <Home /> },
  { path: /^\/products\/([^/]+)$/, title: () => t.value.products, page: (id) => <Product key={id} id={id} /> },
  { path: /^\/coupons$/, title: () => t.value.coupons, page: () => <Coupons /> },
  { path: /^\/cart$/, mine: true, title: () => t.value.cart, page: () => <Cart /> },
  { path: /^\/checkout$/, mine: true, title: () => t.value.checkout, page: () => <Checkout /> },
  { path: /^\/orders$/, mine: true, title: () => t.value.orders, page: () => <Orders /> },
  { path: /^\/orders\/([^/]+)$/, mine: true, title: () => t.value.order, page: (id) => <Order key={id} id={id} /> },
  { path: /^\/balance$/, mine: true, title: () => t.value.myBalance, page: () => <Balance /> },
  { path: /^\/sign-in$/, title: () => t.value.signIn, page: () => <SignIn /> },
];

export function App() {
  const { path } = place.value;
  const found = PAGES.find((one) => one.path.test(path));
  const title = subject.value || (found?.title() ?? t.value.notHere);
  useEffect(() => {
    document.title = `${title} · ${t.value.brand}`;
  }, [title, language.value]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("h1")?.focus();
        }}
      >
        {t.value.skip}
      </a>
      <Header />
      <main id="main">
        <Line />
        {found === undefined ? (
          <Nowhere />
        ) : found.mine && session.value === null ? (
          <NeedsSignIn />
        ) : (
          // A page is one user's: what was typed, chosen or begun on it is gone for the next. Signing in itself goes on across that change.
          <Fragment key={path === "/sign-in" ? path : `${session.value?.userId}`}>{found.page(found.path.exec(path)?.[1] ?? "")}</Fragment>
        )}
      </main>
      <Footer />
      <Menu place="bottom" />
    </>
  );
}

function Header() {
  return (
    <header class="header">
      <div class="header-inner">
        <a class="brand" href={to("/")}>
          <span class="brand-mark" aria-hidden="true" />
          {t.value.brand}
        </a>
        <Menu place="top" />
        <div class="header-side">
          <LanguageSwitch />
          {session.value === null ? (
            <a class="button small" href={to("/sign-in", { next: nextPlace() })}>
              {t.value.signIn}
            </a>
          ) : (
            <button
              type="button"
              class="button small quiet who"
              onClick={() => {
                signOut();
                go(to("/"));
              }}
            >
              <span class="visually-hidden">{t.value.signedInAs}</span>
              <bdi class="who-name">{session.value.name}</bdi>
              <span>{t.value.signOut}</span>
            </button>
          )}
        </div>
      </div>
    </header>
  );
}

function LanguageSwitch() {
  const other: Language = language.value === "ko" ? "en" : "ko";
  return (
    <button type="button" class="button small quiet" lang={other} onClick={() => speak(other)}>
      {other === "ko" ? "한국어" : "English"}
    </button>
  );
}

const MENU: { path: string; icon: IconName; word: "home" | "coupons" | "cart" | "orders" | "balance" }[] = [
  { path: "/", icon: "home", word: "home" },
  { path: "/coupons", icon: "coupon", word: "coupons" },
  { path: "/cart", icon: "cart", word: "cart" },
  { path: "/orders", icon: "order", word: "orders" },
  { path: "/balance", icon: "wallet", word: "balance" },
];

/** The same twice, of which the width of the window shows one. */
function Menu({ place: where }: { place: "top" | "bottom" }) {
  const { path } = place.value;
  const current = MENU.findLast((one) => path === one.path || (one.path !== "/" && path.startsWith(`${one.path}/`)))?.path;
  return (
    <nav class={`menu ${where}`} aria-label={t.value.mainMenu}>
      {MENU.map(({ path: target, icon, word }) => {
        const count = word === "cart" ? cartCount.value : 0;
        return (
          <a key={target} href={to(target)} aria-current={current === target ? "page" : undefined}>
            <span class="menu-icon">
              <Icon name={icon} />
              {count > 0 && (
                <span class="badge number" aria-hidden="true">
                  {count}
                </span>
              )}
            </span>
            <span>
              {t.value[word]}
              {count > 0 && <span class="visually-hidden"> {t.value.inside(count)}</span>}
            </span>
          </a>
        );
      })}
    </nav>
  );
}

/** How the line to the shop is, while it is not fine. */
function Line() {
  const words = { fine: "", offline: t.value.offline, busy: t.value.busy, lost: t.value.lost }[connection.value];
  return (
    <div role="status" class="line" data-connection={connection.value}>
      {words !== "" && (
        <p>
          <Icon name="cloud" />
          {words}
        </p>
      )}
    </div>
  );
}

function NeedsSignIn() {
  return (
    <>
      <Title>{t.value.needSignIn}</Title>
      {expired.value && <Notice kind="warn">{t.value.sessionExpired}</Notice>}
      <Empty icon="person" hint={t.value.needSignInHint}>
        <a class="button primary" href={to("/sign-in", { next: nextPlace() })}>
          {t.value.signIn}
        </a>
      </Empty>
    </>
  );
}

/** Where to go on after signing in: where one is, with its query. */
function nextPlace(): string {
  const { path, query } = place.value;
  return path === "/sign-in" ? (query.get("next") ?? "/") : here();
}

function Nowhere() {
  return (
    <>
      <Title>{t.value.notHere}</Title>
      <Empty icon="search" hint={t.value.notHereHint}>
        <a class="button" href={to("/")}>
          {t.value.toHome}
        </a>
      </Empty>
    </>
  );
}

function Footer() {
  return (
    <footer class="footer">
      {facts.value?.demo && <p>{t.value.footer}</p>}
      <p>
        <a href="/docs">{t.value.apiDocs}</a>
      </p>
    </footer>
  );
}
