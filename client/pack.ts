/**
 * Packs the client as npm would publish it, and checks it with publint and with a project that imports it. There the README's examples must compile, and
 * a wrong use must not. The tarball stays in client/dist.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { examples } from "./examples.ts";

const CLIENT = import.meta.dirname;
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const manifest = JSON.parse(readFileSync(join(CLIENT, "package.json"), "utf8")) as { version: string };
const { version } = JSON.parse(readFileSync(join(CLIENT, "../package.json"), "utf8")) as { version: string };
if (manifest.version !== version) fail(`client/package.json says ${manifest.version}, the shop is ${version}.`);

rmSync(join(CLIENT, "dist"), { recursive: true, force: true });
mkdirSync(join(CLIENT, "dist"));
const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", join(CLIENT, "dist")], { cwd: CLIENT, encoding: "utf8" });
const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
const tarball = readFileSync(join(CLIENT, "dist", filename));
const { messages, pkg } = await publint({
  pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
  strict: true,
});
for (const message of messages) console.error(formatMessage(message, pkg));
if (messages.length > 0) fail("publint found problems.");
const typescript = files.filter(({ path }) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
if (typescript.length > 0) fail(`Node strips no types below node_modules: ${typescript.map(({ path }) => path).join(", ")}`);

const project = mkdtempSync(join(tmpdir(), "jangnal-client-user-"));
try {
  const installed = join(project, "node_modules/jangnal-client");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(CLIENT, "dist", filename), "-C", installed, "--strip-components=1"]);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(project, "runs.js"),
    'import { createShop } from "jangnal-client";\nif (typeof createShop({ url: "" }).placeOrder !== "function") process.exit(1);',
  );
  execFileSync(process.execPath, [join(project, "runs.js")], { stdio: "inherit" });
  writeFileSync(join(project, "right.ts"), examples());
  // Without types everything would be `any`, and this file would compile.
  writeFileSync(join(project, "wrong.ts"), `${examples()}\nexport const wrong: number = (await shop.getShop()).body.currency;`);
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    if (!compiles("right.ts", module, resolution)) fail(`The README's examples do not compile with moduleResolution ${resolution}.`);
    if (compiles("wrong.ts", module, resolution)) fail(`The types are missing with moduleResolution ${resolution}.`);
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
console.log(`${filename}: ${files.length} files, publint finds nothing, and a project that installs it compiles and runs.`);

function compiles(file: string, module: string, moduleResolution: string): boolean {
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true };
  const compilerOptions = { ...strict, module, moduleResolution, target: "es2022", lib: ["es2022", "dom"], types: [] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  const { status, stdout } = spawnSync(process.execPath, [TSC, "--project", project], { encoding: "utf8" });
  if (status !== 0 && file === "right.ts") console.error(stdout);
  return status === 0;
}

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}
