/** Starts a stage of `total` steps. */
export type Progress = (label: string, total: number) => Stage;
type Stage = { step(): void; end(): void };

type Terminal = { isTTY?: boolean; write(text: string): unknown };

const barWidth = 30;

/** Shows a progress bar on a terminal; elsewhere, prints a line for each quarter. */
export function progressOn(terminal: Terminal): Progress {
  return terminal.isTTY === true ? bar(terminal) : lines(terminal);
}

function bar(terminal: Terminal): Progress {
  return (label, total) => {
    let done = 0;
    let drawnAt = 0;
    const draw = () => {
      const filled = Math.round((barWidth * done) / Math.max(1, total));
      terminal.write(
        `\r${label.padEnd(8)} ${"█".repeat(filled)}${"░".repeat(barWidth - filled)} ${done.toLocaleString("en")} / ${total.toLocaleString("en")}`,
      );
      drawnAt = performance.now();
    };
    draw();
    return {
      step() {
        done++;
        if (performance.now() - drawnAt > 80) draw();
      },
      end: () => void terminal.write("\r\u001b[2K"),
    };
  };
}

function lines(terminal: Terminal): Progress {
  return (label, total) => {
    let done = 0;
    const quarter = (count: number) => Math.floor((4 * count) / total);
    return {
      step() {
        done++;
        if (quarter(done) > quarter(done - 1)) terminal.write(`${label} ${done.toLocaleString("en")} / ${total.toLocaleString("en")}\n`);
      },
      end() {},
    };
  };
}
