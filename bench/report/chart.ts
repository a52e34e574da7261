// The chart of a run: a bar for each row, by section, on a logarithmic scale.

import type { Section } from "./section.ts";

const BAR = { left: 360, width: 460, height: 16, gap: 7 };
const DECADES = 5;

export function chart(sections: Section[]): string {
  const parts: string[] = [];
  let y = 30;
  for (const { title, rows } of sections) {
    if (rows.length === 0) continue;
    parts.push(text(16, y, title, 'font-weight="600"'));
    y += 12;
    for (const { name, waiting, median } of rows) {
      const width = Math.max(1, (Math.log10(Math.max(1, median.perSecond)) / DECADES) * BAR.width);
      parts.push(text(BAR.left - 8, y + 13, `${name} · ${waiting.toLocaleString("en")}`, 'text-anchor="end"'));
      parts.push(`<rect x="${BAR.left}" y="${y}" width="${width.toFixed(1)}" height="${BAR.height}" rx="2" fill="${colorOf(name)}"/>`);
      parts.push(text(BAR.left + width + 6, y + 13, Math.round(median.perSecond).toLocaleString("en")));
      y += BAR.height + BAR.gap;
    }
    y += 26;
  }
  const lines = Array.from({ length: DECADES + 1 }, (_, decade) => {
    const x = BAR.left + (decade / DECADES) * BAR.width;
    return `<line x1="${x}" y1="20" x2="${x}" y2="${y}" stroke="#8884"/>${text(x, y + 14, (10 ** decade).toLocaleString("en"), 'text-anchor="middle"')}`;
  });
  const width = BAR.left + BAR.width + 90;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 40}" font-family="system-ui, sans-serif" font-size="12" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
${[...lines, ...parts, text(BAR.left, y + 32, "per second, logarithmic scale; after each name, the number of waiting clients")].join("\n")}
</svg>
`;
}

function colorOf(name: string): string {
  if (name.startsWith("textbook")) return "#c0572b";
  return name.startsWith("upper bound") || name.startsWith("floor") ? "#9aa3ad" : "#2b6cb0";
}

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${more}>${content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;
}
