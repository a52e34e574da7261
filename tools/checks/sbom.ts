/**
 * Writes sbom.cdx.json, the software bill of materials (CycloneDX 1.6) of the packages that an installation of the shop brings, from the lockfile and
 * without a network. Exits with 1 if a package of the lockfile is missing in it.
 * Needs the programs of tools/checks/package.json: `npm ci --prefix tools/checks`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(import.meta.dirname, "node_modules/@cyclonedx/cyclonedx-npm/bin/cyclonedx-npm-cli.js");
const FILE = join(ROOT, "sbom.cdx.json");

const options = ["--package-lock-only", "--omit", "dev", "--spec-version", "1.6", "--output-reproducible", "--output-file", FILE];
execFileSync(process.execPath, [PROGRAM, ...options], { cwd: ROOT, stdio: "inherit" });

type Component = { group?: string; name: string; version: string; components?: Component[] };
const { components } = JSON.parse(readFileSync(FILE, "utf8")) as { components: Component[] };
const listed = new Set(withParts(components).map(({ group, name, version }) => `${group === undefined ? "" : `${group}/`}${name}@${version}`));

type Locked = { name?: string; version: string; dev?: boolean };
const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> };
const missing = Object.entries(packages)
  .filter(([path, { dev = false }]) => path !== "" && !dev)
  .map(([path, { name, version }]) => `${name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${version}`)
  .filter((locked) => !listed.has(locked));

for (const locked of missing) console.error(`${locked} is missing in sbom.cdx.json.`);
console.log(`sbom.cdx.json lists ${listed.size} packages.`);
process.exitCode = missing.length === 0 && listed.size > 0 ? 0 : 1;

/** All components with those inside of others. */
function withParts(components: Component[]): Component[] {
  return components.flatMap((component) => [component, ...withParts(component.components ?? [])]);
}
