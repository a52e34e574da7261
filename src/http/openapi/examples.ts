// Examples of the OpenAPI document: requests that a test has run, with their responses. test/api/examples.test.ts writes them.

import { readFileSync } from "node:fs";

/** One request and its response. `params` holds path and query parameters by name. */
export type Example = { name: string; params?: Record<string, unknown>; body?: unknown; status: number; answer?: unknown };
export type Examples = Record<string, Example[]>;

type Shown = { examples?: Record<string, { summary: string; value: unknown }> };

export function readExamples(): Examples {
  return JSON.parse(readFileSync(new URL("examples.json", import.meta.url), "utf8")) as Examples;
}

export function examplesOf(examples: Examples, operationId: string): Example[] {
  return examples[operationId] ?? [];
}

export function allExamples(examples: Examples): Example[] {
  return Object.values(examples).flat();
}

/** The bodies of successful requests. */
export function requestExamples(examples: Example[]): Shown {
  return show(
    examples.filter(({ status, body }) => status < 400 && body !== undefined),
    ({ body }) => body,
  );
}

export function answerExamples(examples: Example[], status: number): Shown {
  return show(
    examples.filter((example) => example.status === status && example.answer !== undefined),
    ({ answer }) => answer,
  );
}

export function parameterExample(examples: Example[], name: string): unknown {
  return examples.find(({ status, params }) => status < 400 && params?.[name] !== undefined)?.params?.[name];
}

/** Keeps the first example of each name, so that a refusal of many operations is shown once. */
function show(examples: Example[], pick: (example: Example) => unknown): Shown {
  if (examples.length === 0) return {};
  const named = examples
    .toReversed()
    .map((example) => [example.name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-"), { summary: example.name, value: pick(example) }] as const);
  return { examples: Object.fromEntries(named.toReversed()) };
}
