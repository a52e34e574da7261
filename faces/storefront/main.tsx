import "../shared/theme.css";
import { render } from "preact";

render(
  <main>
    <h1>장날</h1>
  </main>,
  document.querySelector("#app") as HTMLElement,
);
