// The frame around every page of the console.

import { type ComponentChildren, Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { language } from "../shared/languages.ts";
import { route, to } from "../shared/router.ts";
import { Audit } from "./pages/audit.tsx";
import { Balances } from "./pages/balances.tsx";
import { Catalog } from "./pages/catalog.tsx";
import { Coupons } from "./pages/coupons.tsx";
import { NewCouponPage } from "./pages/new-coupon.tsx";
import { NewProductPage } from "./pages/new-product.tsx";
import { Drop } from "./pages/drop.tsx";
import { Events } from "./pages/events.tsx";
import { Jobs } from "./pages/jobs.tsx";
import { Live } from "./pages/live.tsx";
import { Order } from "./pages/order.tsx";
import { Orders } from "./pages/orders.tsx";
import { Payments } from "./pages/payments.tsx";
import { Product } from "./pages/product.tsx";
import { Rehearsal } from "./pages/rehearsal.tsx";
import { Sales } from "./pages/sales.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { User } from "./pages/user.tsx";
import { LanguageSwitch } from "./parts/language-switch.tsx";
import { Title } from "./parts/parts.tsx";
import { session, signOut } from "./session.ts";
import { t } from "./words/words.ts";

type Word = "live" | "drop" | "catalog" | "coupons" | "orders" | "balances" | "sales" | "events" | "payments" | "jobs" | "audit";
type Page = { path: RegExp; menu: Word; page: (id: string) => ComponentChildren };

const PAGES: Page[] = [
  { path: /^\/(?:live)?$/, menu: "live", page: () => <Live /> },
  { path: /^\/drop$/, menu: "drop", page: () => <Drop /> },
  { path: /^\/rehearsals\/([^/]+)$/, menu: "drop", page: (id) => <Rehearsal key={id} id={id} /> },
  { path: /^\/catalog$/, menu: "catalog", page: () => <Catalog /> },
  { path: /^\/products\/new$/, menu: "catalog", page: () => <NewProductPage /> },
  { path: /^\/products\/([^/]+)$/, menu: "catalog", page: (id) => <Product key={id} id={id} /> },
  { path: /^\/coupons$/, menu: "coupons", page: () => <Coupons /> },
  { path: /^\/coupons\/new$/, menu: "coupons", page: () => <NewCouponPage /> },
  { path: /^\/orders$/, menu: "orders", page: () => <Orders /> },
  { path: /^\/orders\/([^/]+)$/, menu: "orders", page: (id) => <Order key={id} id={id} /> },
  { path: /^\/balances$/, menu: "balances", page: () => <Balances /> },
  { path: /^\/users\/([^/]+)$/, menu: "balances", page: (id) => <User key={id} id={id} /> },
  { path: /^\/sales$/, menu: "sales", page: () => <Sales /> },
  { path: /^\/events$/, menu: "events", page: () => <Events /> },
  { path: /^\/payments$/, menu: "payments", page: () => <Payments /> },
  { path: /^\/jobs$/, menu: "jobs", page: () => <Jobs /> },
  { path: /^\/audit$/, menu: "audit", page: () => <Audit /> },
];

const MENU: { head: "selling" | "commerce" | "money" | "system"; entries: Word[] }[] = [
  { head: "selling", entries: ["live", "drop"] },
  { head: "commerce", entries: ["catalog", "coupons", "orders"] },
  { head: "money", entries: ["balances", "sales", "payments"] },
  { head: "system", entries: ["events", "jobs", "audit"] },
];

export function App() {
  const { path } = route.value;
  const found = session.value === null ? undefined : PAGES.find((page) => page.path.test(path));
  const name = session.value === null ? t.value.signIn : found ? t.value[found.menu] : t.value.notFound;
  useEffect(() => {
    document.title = `${name} · ${t.value.title}`;
  }, [name, language.value]);
  if (session.value === null) return <SignIn />;
  return (
    <div class="frame">
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
      <header class="side">
        <div class="side-top">
          <a class="brand" href={to("/live")}>
            <span class="brand-mark" aria-hidden="true" />
            {t.value.title}
          </a>
        </div>
        <nav aria-label={t.value.menu}>
          {MENU.map(({ head, entries }) => (
            <div key={head} class="menu-group" role="group" aria-label={t.value[head]}>
              <p class="menu-head" aria-hidden="true">
                {t.value[head]}
              </p>
              {entries.map((word) => (
                <a key={word} href={to(`/${word}`)} aria-current={found?.menu === word ? "page" : undefined}>
                  {t.value[word]}
                </a>
              ))}
            </div>
          ))}
        </nav>
        <div class="side-foot">
          <LanguageSwitch />
          <a href="/docs">{t.value.apiDocs}</a>
          <a href="/">{t.value.storefront}</a>
          <button type="button" class="link" onClick={signOut}>
            {t.value.signOut} <bdi class="muted">{session.value.name}</bdi>
          </button>
        </div>
      </header>
      {/* A new operator gets a new page, without the input of the one before. */}
      <main id="main">
        <Fragment key={session.value.name}>{found ? found.page(found.path.exec(path)?.[1] ?? "") : <Title>{t.value.notFound}</Title>}</Fragment>
      </main>
    </div>
  );
}
