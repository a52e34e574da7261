// A chart: uPlot with the colors of the theme. The legend shows the latest values as text, or those under the pointer. Lines differ in their
// dashes too, so that they can be told apart without colors.

import { computed, signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatNumber, language, timeZone } from "../../shared/languages.ts";

export type Series = { label: string; values: (number | null)[]; color: string; area?: boolean; bars?: boolean };

export type ChartProps = {
  title: string;
  /** Seconds since 1970, or plain numbers if `time` is false. */
  x: number[];
  series: Series[];
  time?: boolean;
  height?: number;
  format?: (value: number) => string;
  /** For measurements, which have values between 0 and 1; counts have none. */
  fine?: boolean;
  /** Shows the whole of `x`, not its latest two minutes. */
  whole?: boolean;
  formatX?: (value: number) => string;
};

const WINDOW_S = 120;
const MIN_WINDOW_S = 30;
/** Grid steps: whole numbers for counts, tenths for measurements. */
const WHOLE_STEPS = [1, 2, 5].flatMap((step) => Array.from({ length: 13 }, (_, power) => step * 10 ** power)).sort((a, b) => a - b);
const FINE_STEPS = [0.1, 0.2, 0.5, ...WHOLE_STEPS];

/** Charts are drawn again when the system changes to dark. */
const dark = signal(matchMedia("(prefers-color-scheme: dark)").matches);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => (dark.value = matches));

/** Paper is light: a chart of the dark theme is drawn again before it is printed. */
const printing = signal(false);
const setPrinting = (value: boolean) => (): void => void (printing.value = value);
addEventListener("beforeprint", setPrinting(true));
addEventListener("afterprint", setPrinting(false));
matchMedia("print").addEventListener("change", ({ matches }) => setPrinting(matches)());

const DASHES: Record<string, number[]> = { "--c2": [9, 5], "--c3": [2, 4] };

export function Chart({ title, x, series, time = true, height = 190, format = formatRoughly, fine = false, whole = false, formatX }: ChartProps) {
  const pointed = useSignal<number | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef<Latest>({ format, formatX, point: () => {} });
  latest.current = { format, formatX, point: (index) => (pointed.value = index) };
  const shape = JSON.stringify([series.map(({ label, color }) => [label, color]), height, time, whole, dark.value, printing.value, language.value]);

  // In the same task as the event before a print, which does not wait for an effect.
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element, { series, time, height, fine, whole }, latest), dataOf(x, series), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => plot.current?.setData(dataOf(x, series)), [x, series]);

  const index = pointed.value !== null && pointed.value < x.length ? pointed.value : null;
  const shown = series.map(({ values }) => values.at(index ?? -1));
  const isBars = series.some(({ bars }) => bars);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">
          {title}
          {index !== null && <span class="chart-at number"> {xWords(x[index] as number, time, formatX)}</span>}
        </span>
        <span class="legend">
          {series.map(({ label, color }, i) => (
            <span key={label} class="legend-entry">
              <Swatch color={color} dash={isBars ? undefined : DASHES[color]} />
              {label}
              {/* The last bar is no summary of the others. */}
              {(!isBars || index !== null) && <span class="number legend-value">{shown[i] == null ? "–" : format(shown[i])}</span>}
            </span>
          ))}
        </span>
      </figcaption>
      <div class="plot" style={{ blockSize: `${height}px` }} ref={frame} aria-hidden="true" />
    </figure>
  );
}

type Latest = {
  format: (value: number) => string;
  formatX: ((value: number) => string) | undefined;
  /** Told the index of the value under the pointer; null if there is none. */
  point: (index: number | null) => void;
};

function Swatch({ color, dash }: { color: string; dash: number[] | undefined }) {
  return (
    <svg class="swatch" width="22" height="4" aria-hidden="true">
      <line x1="0" y1="2" x2="22" y2="2" stroke={`var(${color})`} stroke-width="3" stroke-dasharray={dash?.join(" ")} />
    </svg>
  );
}

const clock = computed(() => new Intl.DateTimeFormat("en-GB", { timeZone: timeZone.value, hour: "2-digit", minute: "2-digit", second: "2-digit" }));

const xWords = (x: number, time: boolean, formatX: ChartProps["formatX"]): string =>
  time ? clock.value.format(x * 1000) : (formatX?.(x) ?? formatNumber(x));

const formatRoughly = (value: number): string => formatNumber(value >= 10 ? Math.round(value) : value);

const dataOf = (x: number[], series: Series[]): uPlot.AlignedData => [x, ...series.map(({ values }) => values)] as uPlot.AlignedData;

function optionsOf(
  element: HTMLElement,
  { series, time, height, fine, whole }: { series: Series[]; time: boolean; height: number; fine: boolean; whole: boolean },
  latest: { current: Latest },
): uPlot.Options {
  const [ink, line] = [colorOf(element, "--muted"), colorOf(element, "--line")];
  const bars = series.some(({ bars }) => bars);
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: ink, font, ticks: { stroke: line, width: 1, size: 4 }, grid: { stroke: line, width: 1 } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: !bars, size: 7 } },
    hooks: { setCursor: [({ cursor }) => latest.current.point(cursor.idx ?? null)] },
    padding: [8, 28, 0, 0],
    ...(time ? { tzDate: (at: number) => uPlot.tzDate(new Date(at * 1000), timeZone.peek()) } : {}),
    scales: {
      x: {
        time,
        range: (_plot, low, high) =>
          time
            ? [whole ? low : Math.min(Math.max(low, high - WINDOW_S), high - MIN_WINDOW_S), high]
            : bars
              ? [low - 0.6, high + 0.6]
              : [low, Math.max(high, low + 0.1)],
      },
      y: { range: (_plot, _low, high) => [0, niceTop(high)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        values: time
          ? [[1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 0]]
          : (_plot, values) => values.map((value) => latest.current.formatX?.(value) ?? String(value)),
      },
      {
        ...axis,
        size: 58,
        space: 34,
        incrs: fine ? FINE_STEPS : WHOLE_STEPS,
        values: (_plot, values) => values.map((value) => latest.current.format(value)),
      },
    ],
    series: [
      {},
      ...series.map(({ label, color, area, bars }): uPlot.Series => {
        const stroke = colorOf(element, color);
        const filled = area || bars ? { fill: colorOf(element, color, bars ? 100 : 16) } : {};
        const paths = bars ? uPlot.paths.bars?.({ size: [0.7, 40] }) : undefined;
        const dash = bars ? undefined : DASHES[color];
        return {
          label,
          stroke,
          width: bars ? 0 : 2,
          points: { show: false },
          spanGaps: true,
          ...filled,
          ...(paths ? { paths } : {}),
          ...(dash ? { dash } : {}),
        };
      }),
    ],
  };
}

function niceTop(high: number | null): number {
  if (!high || high <= 0) return 10;
  const power = 10 ** Math.floor(Math.log10(high));
  return ([1, 2, 3, 5, 10].find((step) => step * power >= high * 1.05) ?? 20) * power;
}

/** The canvas does not understand custom properties, so the browser computes the color. @param percent opacity */
function colorOf(element: HTMLElement, property: string, percent = 100): string {
  const probe = document.createElement("span");
  probe.style.colorScheme = printing.peek() ? "light" : "";
  probe.style.color = `color-mix(in srgb, var(${property}) ${percent}%, transparent)`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
