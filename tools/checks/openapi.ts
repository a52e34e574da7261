/**
 * Checks the OpenAPI document as its readers do: the recommended rules of Redocly and Spectral, and the clients that openapi-typescript, orval and
 * hey-api generate, which must compile. Exits with 1 after any finding, warnings included.
 * Needs the programs of tools/checks/package.json: `npm ci --prefix tools/checks`.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readDocument } from "../../client/document.ts";

const ROOT = join(import.meta.dirname, "../..");
const CHECKS = import.meta.dirname;

/** Findings that are right to leave. */
const ACCEPTED: ReadonlySet<string> = new Set([
  // Redocly asks each operation for a refusal, and probes have none.
  ...["healthz", "readyz", "metrics"].map((path) => `operation-4xx-response #/paths/~1${path}/get/responses`),
  // The other path has a UUID in that place, which `by-external-id` is not.
  "no-ambiguous-paths #/paths/~1admin~1products~1by-external-id~1{externalId}",
]);

const folder = mkdtempSync(join(tmpdir(), "jangnal-openapi-"));
try {
  const document = join(folder, "openapi.json");
  writeFileSync(document, JSON.stringify(await readDocument(folder)));
  const findings = [...(await redocly(document)), ...(await spectral(document)), ...(await clients(document))];
  for (const finding of findings) console.error(finding);
  console.log(`The OpenAPI document: ${findings.length} findings by 2 linters and in 3 generated clients.`);
  process.exitCode = findings.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

type Output = { stdout: string; stderr: string; code: number };

/** Runs a program of an installed package, without telemetry. */
async function run(script: string, args: string[]): Promise<Output> {
  const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true", DO_NOT_TRACK: "1" };
  const options = { cwd: folder, env, maxBuffer: 2 ** 28 };
  return promisify(execFile)(process.execPath, [script, ...args], options).then(
    (output) => ({ ...output, code: 0 }),
    (error: Output) => error,
  );
}

/** The output of a linter, which is JSON whether it found anything or not. */
async function lint<Report>(script: string, args: string[]): Promise<Report> {
  const { stdout, stderr } = await run(join(CHECKS, "node_modules", script), args);
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw new Error(`${script} failed: ${stderr}`);
  }
}

async function redocly(document: string): Promise<string[]> {
  type Report = { problems: { ruleId: string; severity: string; message: string; location: { pointer?: string }[] }[] };
  const args = ["lint", "--extends", "recommended", "--max-problems", "10000", "--format", "json", document];
  const { problems } = await lint<Report>("@redocly/cli/bin/cli.js", args);
  const found = problems.map(({ ruleId, message, location: [at] }) => ({ key: `${ruleId} ${at?.pointer ?? ""}`, message }));
  const outdated = [...ACCEPTED].filter((key) => !found.some((finding) => finding.key === key));
  return [
    ...found.filter(({ key }) => !ACCEPTED.has(key)).map(({ key, message }) => `redocly: ${key}: ${message}`),
    ...outdated.map((key) => `redocly no longer finds this accepted exception: ${key}`),
  ];
}

async function spectral(document: string): Promise<string[]> {
  type Report = { code: string; message: string; path: string[] }[];
  const rules = join(folder, "spectral.json");
  writeFileSync(rules, JSON.stringify({ extends: ["spectral:oas"] }));
  const args = ["lint", "--quiet", "--format", "json", "--ruleset", rules, document];
  const report = await lint<Report>("@stoplight/spectral-cli/dist/index.js", args);
  return report.map(({ code, message, path }) => `spectral: ${code} ${path.join("/")}: ${message}`);
}

/** Generates three clients and compiles them, by the TypeScript of the shop and the one before. */
async function clients(document: string): Promise<string[]> {
  const generated = join(folder, "clients");
  mkdirSync(generated);
  const orval = join(folder, "orval.config.mjs");
  writeFileSync(
    orval,
    `export default ${JSON.stringify({ shop: { input: document, output: { target: join(generated, "orval.ts"), client: "fetch" } } })};`,
  );
  const generators: [script: string, args: string[]][] = [
    [join(CHECKS, "node_modules/openapi-typescript/bin/cli.js"), [document, "--output", join(generated, "openapi-typescript.ts")]],
    [join(CHECKS, "node_modules/orval/dist/bin/orval.mjs"), ["--config", orval]],
    [join(ROOT, "node_modules/@hey-api/openapi-ts/bin/run.js"), ["--input", document, "--output", join(generated, "hey-api")]],
  ];
  const failed: string[] = [];
  for (const [script, args] of generators) {
    const { code, stdout, stderr } = await run(script, args);
    if (code !== 0) failed.push(`${script} failed: ${stdout}${stderr}`);
  }
  const sources = ["openapi-typescript.ts", "orval.ts", "hey-api/index.ts"].map((name) => join(generated, name));
  const options = "--noEmit --strict --target esnext --module esnext --moduleResolution bundler --lib esnext,dom,dom.iterable".split(" ");
  for (const typescript of [ROOT, CHECKS].map((at) => join(at, "node_modules/typescript/bin/tsc"))) {
    const { code, stdout } = await run(typescript, [...options, ...sources]);
    if (code !== 0) failed.push(...stdout.trim().split("\n"));
  }
  return failed;
}
