// The frame around every page: header, menu, state of the connection, and footer.

import { type ComponentChildren, Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { type Language, language, setLanguage } from "../shared/languages.ts";
import { SkipLink } from "../shared/skip-link.tsx";
import { connection } from "./api.ts";
import { cartCount } from "./cart.ts";
import { Home } from "./pages/home.tsx";
import { Product } from "./pages/product.tsx";
import { hasBottomBar, useBarHeight } from "./parts/bottom-bar.tsx";
import { EntryStrips } from "./parts/drop/entry-strip.tsx";
import { Footer } from "./parts/footer.tsx";
import { Icon, type IconName } from "./parts/icon.tsx";
import { Later } from "./parts/later.tsx";
import { Empty, Notice, Title } from "./parts/parts.tsx";
import { titleMark } from "./parts/tell.ts";
import { clearToast, Toasts } from "./parts/toasts.tsx";
import { currentPath, navigate, route, subject, to } from "./router.ts";
import { shopName } from "./shop-name.ts";
import { expired, session, signOut } from "./session.ts";
import { t } from "./words/words.ts";

/** The pages by path. `hasBar`: from the start, its own bar has the place of the menu at the bottom. */
const PAGES: { path: RegExp; needsSignIn?: true; hasBar?: true; title: () => string; page: (id: string) => ComponentChildren }[] = [
  { path: /^\/$/, title: () => t.value.tagline, page: () => <Home /> },
  { path: /^\/products\/([^/]+)$/, hasBar: true, title: () => t.value.products, page: (id) => <Product key={id} id={id} /> },
  { path: /^\/drops\/([^/]+)$/, hasBar: true, title: () => t.value.drop, page: (id) => <Later page={({ Drop }) => <Drop key={id} id={id} />} /> },
  { path: /^\/coupons$/, title: () => t.value.coupons, page: () => <Later page={({ Coupons }) => <Coupons />} /> },
  { path: /^\/cart$/, needsSignIn: true, title: () => t.value.cart, page: () => <Later page={({ Cart }) => <Cart />} /> },
  {
    path: /^\/checkout$/,
    needsSignIn: true,
    hasBar: true,
    title: () => t.value.checkout,
    page: () => <Later page={({ Checkout }) => <Checkout />} />,
  },
  { path: /^\/orders$/, needsSignIn: true, title: () => t.value.orders, page: () => <Later page={({ Orders }) => <Orders />} /> },
  {
    path: /^\/orders\/([^/]+)$/,
    needsSignIn: true,
    title: () => t.value.order,
    page: (id) => <Later page={({ Order }) => <Order key={id} id={id} />} />,
  },
  { path: /^\/balance$/, needsSignIn: true, title: () => t.value.myBalance, page: () => <Later page={({ Balance }) => <Balance />} /> },
  { path: /^\/paid$/, needsSignIn: true, title: () => t.value.payment, page: () => <Later page={({ Paid }) => <Paid />} /> },
  { path: /^\/not-paid$/, needsSignIn: true, title: () => t.value.payment, page: () => <Later page={({ NotPaid }) => <NotPaid />} /> },
  { path: /^\/sign-in$/, title: () => t.value.signIn, page: () => <Later page={({ SignIn }) => <SignIn />} /> },
];

export function App() {
  const { path } = route.value;
  const found = PAGES.find((page) => page.path.test(path));
  const title = subject.value || (found?.title() ?? t.value.notFound);
  useEffect(() => {
    document.title = [titleMark.value, title, shopName.value].filter(Boolean).join(" · ");
  }, [titleMark.value, title, shopName.value]);
  useEffect(clearToast, [path]);
  return (
    <>
      <SkipLink words={t.value.skip} />
      <Header />
      <main id="main">
        <EntryStrips />
        {found === undefined ? (
          <NotFound />
        ) : found.needsSignIn && session.value === null ? (
          <NeedsSignIn />
        ) : (
          // A new user gets a new page, without the input of the one before. The sign-in page has to survive the change that it makes.
          <Fragment key={path === "/sign-in" ? path : `${session.value?.userId}`}>{found.page(found.path.exec(path)?.[1] ?? "")}</Fragment>
        )}
      </main>
      <Footer />
      {!hasBottomBar.value && !(found?.hasBar && !(found.needsSignIn && session.value === null)) && <Menu position="bottom" />}
      {/* In view wherever the visitor has scrolled to, beside the button that was pressed, and above no control. */}
      <div class="messages">
        <ConnectionStatus />
        <Toasts />
      </div>
    </>
  );
}

function Header() {
  return (
    <header class="header">
      <div class="header-inner">
        <a class="brand" href={to("/")}>
          <span class="brand-mark" aria-hidden="true" />
          <bdi>{shopName.value}</bdi>
        </a>
        <Menu position="top" />
        <div class="header-side">
          <LanguageSwitch />
          {session.value === null ? (
            <a class="button small" href={to("/sign-in", { next: nextPath() })}>
              {t.value.signIn}
            </a>
          ) : (
            <button
              type="button"
              class="button small quiet who"
              onClick={() => {
                signOut();
                navigate(to("/"));
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
    <button type="button" class="button small quiet" lang={other} onClick={() => setLanguage(other)}>
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

/** The page has two menus, and the style shows one of them by the width of the window. */
function Menu({ position }: { position: "top" | "bottom" }) {
  const { path } = route.value;
  const current = MENU.findLast((entry) => path === entry.path || (entry.path !== "/" && path.startsWith(`${entry.path}/`)))?.path;
  const bar = useBarHeight<HTMLElement>();
  return (
    <nav class={`menu ${position}`} aria-label={t.value.mainMenu} ref={position === "bottom" ? bar : null}>
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
              {count > 0 && <span class="visually-hidden"> {t.value.cartCount(count)}</span>}
            </span>
          </a>
        );
      })}
    </nav>
  );
}

/** Tells the visitor why the page waits for the shop. */
function ConnectionStatus() {
  const words = { fine: "", offline: t.value.offline, busy: t.value.busy, lost: t.value.lost }[connection.value];
  return (
    <div role="status" class="connection" data-connection={connection.value}>
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
        <a class="button primary" href={to("/sign-in", { next: nextPath() })}>
          {t.value.signIn}
        </a>
      </Empty>
    </>
  );
}

/** The target after signing in: the current route. */
function nextPath(): string {
  const { path, query } = route.value;
  return path === "/sign-in" ? (query.get("next") ?? "/") : currentPath();
}

function NotFound() {
  return (
    <>
      <Title>{t.value.notFound}</Title>
      <Empty icon="search" hint={t.value.notFoundHint}>
        <a class="button" href={to("/")}>
          {t.value.browse}
        </a>
      </Empty>
    </>
  );
}
