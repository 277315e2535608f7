const WIDTH = 30;

/** Shows how far a long work is, on standard error: a bar in a terminal, else a line for each tenth. */
export function progressBar(all: number, unit: string): (done: number) => void {
  const out = process.stderr;
  const began = performance.now();
  let tenths = 0;
  return (done) => {
    const share = done / all;
    const perSecond = done / ((performance.now() - began) / 1_000);
    const left = Math.ceil((all - done) / perSecond);
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    const text = `[${bar}] ${(share * 100).toFixed(0)} % · ${Math.round(perSecond)} ${unit}/s · ${left} s left`;
    if (out.isTTY) out.write(`\r\x1b[K${text}${done === all ? '\n' : ''}`);
    else if (Math.floor(share * 10) > tenths) {
      tenths = Math.floor(share * 10);
      out.write(`${text}\n`);
    }
  };
}
