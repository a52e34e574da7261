import "../shared/theme.css";
import "./console.css";
import { render } from "preact";
import { t } from "./words.ts";

function Console() {
  return (
    <main class="sign-in">
      <h1>{t.value.title}</h1>
      <p>{t.value.signIn}</p>
    </main>
  );
}

render(<Console />, document.querySelector("#app") as HTMLElement);
