// The simulator's page, which makes payment keys.

import { randomUUID } from "node:crypto";
import { keyFor, STEPS, WEBHOOKS } from "./script.ts";

export function page(): string {
  const options = (words: readonly string[]): string => words.map((word) => `<option>${word}</option>`).join("");
  const rows = Object.entries(STEPS).map(([step, meaning]) => `<tr><td><code>${step}</code></td><td>${meaning}</td></tr>`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Payment keys</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:44rem;padding:0 1rem}td{padding:.1rem 1rem .1rem 0}output{display:block;margin:1rem 0;font-family:monospace;word-break:break-all}</style>
<h1>Payment keys</h1>
<p>Any key is approved. A key made here follows a script: each call takes the next step, and after the last step every call succeeds. A step with a star repeats without end.</p>
<form>
<p><label>confirm <input name="confirm" placeholder="lost+ok"></label> <label>cancel <input name="cancel"></label> <label>find <input name="find"></label>
<label>webhook <select name="webhook">${options(WEBHOOKS)}</select></label> <button>Make a key</button></p>
<output></output>
</form>
<table>${rows.join("")}</table>
<script>
document.forms[0].onsubmit = async (event) => {
  event.preventDefault();
  const wanted = Object.fromEntries(new FormData(event.target));
  for (const name of ["confirm", "cancel", "find"]) wanted[name] = wanted[name].split("+").filter(Boolean);
  const answer = await fetch("/simulator/payment-keys", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(wanted) });
  document.querySelector("output").textContent = (await answer.json()).paymentKey;
};
</script></html>
`;
}

/** The key that the page has asked for. */
export function newKey(wanted: Record<string, unknown>): { paymentKey: string } {
  const steps = (name: string): string[] =>
    (Array.isArray(wanted[name]) ? wanted[name] : []).map(String).filter((step) => Object.hasOwn(STEPS, step.replace(/\*$/, "")));
  const webhook = WEBHOOKS.find((time) => time === wanted["webhook"]) ?? "after";
  return { paymentKey: keyFor({ confirm: steps("confirm"), cancel: steps("cancel"), find: steps("find"), webhook }, randomUUID()) };
}
