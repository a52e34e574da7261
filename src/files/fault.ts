/** An error in a file from a user. Lines count from 1, including the header. */
export type FileFault = { line: number } & (
  | { problem: "ENCODING" | "UTF_16" | "DAMAGED" | "QUOTES" }
  | { problem: "CELLS"; expected: number; found: number }
  | { problem: "COLUMN_MISSING" | "COLUMN_TWICE"; column: string }
);

/** Describes the fault in English, without its line. */
export function describeFault(fault: FileFault): string {
  switch (fault.problem) {
    case "ENCODING":
      return "the text is neither UTF-8 nor CP949 (EUC-KR); save the file as UTF-8";
    case "UTF_16":
      return "the text is UTF-16; save the file as UTF-8";
    case "DAMAGED":
      return "the text contains a NUL or replacement character (�): it was damaged before it was saved";
    case "QUOTES":
      return 'a quote is not closed, or is inside an unquoted cell; write a quote inside a quoted cell twice ("")';
    case "CELLS":
      return `${fault.found} cells instead of ${fault.expected}; put a cell that contains a comma in quotes`;
    case "COLUMN_MISSING":
      return `column ${fault.column} is missing`;
    case "COLUMN_TWICE":
      return `column ${fault.column} is there twice`;
  }
}
