/** What is wrong in a file that a person gave. Lines count from 1, the header's included. */
export type FileFault = { line: number } & (
  | { problem: "ENCODING" | "UTF_16" | "DAMAGED" | "QUOTES" }
  | { problem: "CELLS"; expected: number; found: number }
  | { problem: "COLUMN_MISSING" | "COLUMN_TWICE"; column: string }
);

/** The fault as an English sentence, without its line. */
export function describeFault(fault: FileFault): string {
  switch (fault.problem) {
    case "ENCODING":
      return "the text is neither UTF-8 nor CP949 (EUC-KR); save the file as UTF-8";
    case "UTF_16":
      return "the text is UTF-16; save the file as UTF-8";
    case "DAMAGED":
      return "the text holds a NUL or replacement character (�): it was damaged before it was saved";
    case "QUOTES":
      return 'a quote is not closed, or stands inside a cell without quotes; write a quote inside a quoted cell twice ("")';
    case "CELLS":
      return `${fault.found} cells where ${fault.expected} are expected; put a cell that contains a comma in quotes`;
    case "COLUMN_MISSING":
      return `the column ${fault.column} is missing`;
    case "COLUMN_TWICE":
      return `the column ${fault.column} stands here twice`;
  }
}
