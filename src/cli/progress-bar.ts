const WIDTH = 30;

/** How often a terminal is told, at most, in milliseconds. */
const EVERY = 100;

/** What a progress is of. */
interface Whole {
  /** How much there is, as far as that is known; 0: it is not. */
  readonly all: number;
  readonly unit: string;
  /** Whether nothing is told where nobody looks, as of a command that a timer runs; else a line for each tenth. */
  readonly isForTerminals?: boolean;
}

/** Shows how far a long work is, on standard error. */
export function progressBar({ all, unit, isForTerminals = false }: Whole): (done: number) => void {
  const out = process.stderr;
  const began = performance.now();
  let [tenths, told] = [0, 0];
  return (done) => {
    const now = performance.now();
    const share = all > 0 ? Math.min(1, done / all) : 0;
    const perSecond = done / ((now - began) / 1_000);
    const left = Math.max(0, Math.ceil((all - done) / perSecond));
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    const rate = `${Math.round(perSecond)} ${unit}/s`;
    const text =
      all > 0
        ? `[${bar}] ${(share * 100).toFixed(0)} % · ${rate} · ${left} s left`
        : `${done} ${unit} · ${rate}`;
    if (out.isTTY) {
      if (share < 1 && now - told < EVERY) return;
      told = now;
      out.write(`\r\x1b[K${text}${share === 1 ? '\n' : ''}`);
    } else if (!isForTerminals && Math.floor(share * 10) > tenths) {
      tenths = Math.floor(share * 10);
      out.write(`${text}\n`);
    }
  };
}
