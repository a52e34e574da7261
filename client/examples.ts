/** The README's examples as one module, for the checks that compile and run them. Values that the examples leave open (a token, ids) are globals. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The module's source. It leaves a variable `shop` for further code. */
export function examples(): string {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string);
  const imports = blocks.flatMap((code) => code.match(/^import .*$/gm) ?? []);
  const bodies = blocks.map((code) => code.replaceAll(/^import .*$/gm, ""));
  return `${imports.join("\n")}
declare global { var given: { TOKEN: string; productId: string; userId: string } }
const { TOKEN, productId, userId } = globalThis.given;
${bodies.map((body) => body.trim()).join("\n\n")}
`;
}
