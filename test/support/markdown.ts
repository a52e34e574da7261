// Reads the tables, links and headings of the documents, for the tests that compare documents with the code.

/** The rows below each table header that begins with these columns, as trimmed cells. */
export function rowsOf(page: string, ...header: string[]): string[][] {
  const rows: string[][] = [];
  let inTable = false;
  for (const line of page.split("\n")) {
    const cells = cellsOf(line);
    if (cells === undefined) inTable = false;
    else if (header.every((name, i) => cells[i] === name)) inTable = true;
    else if (inTable && !/^[-: ]*$/.test(cells.join(""))) rows.push(cells);
  }
  return rows;
}

function cellsOf(line: string): string[] | undefined {
  if (!line.startsWith("|")) return undefined;
  return line
    .replace(/^\||\|\s*$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The targets of a page's links and pictures. Links in code are text. */
export function linksOf(page: string): string[] {
  const prose = withoutCode(page);
  const links = [...prose.matchAll(/\]\(([^()\s]+(?:\([^()]*\))?)(?: "[^"]*")?\)/g)].map(([, target = ""]) => target);
  const attributes = [...prose.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(([, target = ""]) => target);
  return [...links, ...attributes];
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of page.replace(/^```[^]*?^```/gm, "").matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
    const anchor = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

function withoutCode(page: string): string {
  return page.replace(/^```[^]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
}
