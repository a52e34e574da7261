// The colors of the charts: distinguishable for all eyes, and on paper. Reads the style sheet, so it needs no browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

type Rgb = [number, number, number];

const WEB = join(import.meta.dirname, "../../web");
const frame = readFileSync(join(WEB, "console/styles/frame.css"), "utf8");
const theme = readFileSync(join(WEB, "shared/theme.css"), "utf8");

/** The colors of a property in the light and in the dark theme. */
function colorsOf(css: string, property: string): [light: Rgb, dark: Rgb] {
  const found = new RegExp(`--${property}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  assert.ok(found, `--${property}`);
  return [linear(found[1] as string), linear(found[2] as string)];
}

function linear(hex: string): Rgb {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** CIE L*a*b*, white point D65. */
function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const [x, y, z] = [
    f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047),
    f(luminance([r, g, b])),
    f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883),
  ] as Rgb;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const deltaE = (a: Rgb, b: Rgb): number => Math.hypot(...lab(a).map((value, i) => value - (lab(b)[i] as number)));

/** Machado, Oliveira and Fernandes (2009), severity 1. */
const SIGHTS: Record<string, (color: Rgb) => Rgb> = {
  "full color vision": (color) => color,
  deuteranopia: seenBy([0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]),
  protanopia: seenBy([0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]),
  tritanopia: seenBy([1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]),
  greyscale: (color) => [luminance(color), luminance(color), luminance(color)],
};

function seenBy(...rows: [Rgb, Rgb, Rgb]): (color: Rgb) => Rgb {
  return ([r, g, b]) => rows.map(([x, y, z]) => Math.min(1, Math.max(0, x * r + y * g + z * b))) as Rgb;
}

for (const [sight, see] of Object.entries(SIGHTS))
  test(`the series of a chart differ by at least 20 for ${sight}, in both themes`, () => {
    const series = ["c1", "c2", "c3"].map((name) => colorsOf(frame, name));
    for (const theme of [0, 1] as const)
      for (const [i, one] of series.entries())
        for (const other of series.slice(i + 1)) {
          const difference = deltaE(see(one[theme]), see(other[theme]));
          assert.ok(difference >= 20, `${theme === 0 ? "light" : "dark"}: ${difference}`);
        }
  });

test("each series of a chart has a contrast of 3 to 1 with its card, in both themes", () => {
  const surface = colorsOf(theme, "surface");
  for (const name of ["c1", "c2", "c3"])
    for (const theme of [0, 1] as const) {
      const [darker, lighter] = [luminance(colorsOf(frame, name)[theme]), luminance(surface[theme])].sort((a, b) => a - b) as [number, number];
      assert.ok((lighter + 0.05) / (darker + 0.05) >= 3, `${name} ${theme}`);
    }
});

test("no chart uses another color", () => {
  for (const page of ["live", "rehearsal", "sales-figures", "drop-report"]) {
    const source = readFileSync(join(WEB, `console/pages/${page}.tsx`), "utf8");
    assert.deepEqual(source.match(/--c[^123]/g) ?? [], [], page);
  }
});
