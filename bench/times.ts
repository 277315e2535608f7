/** Milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How long `ask` takes, asked so often, one after the other, and once before. */
export async function times(requests: number, ask: () => Promise<unknown>): Promise<Times> {
  await ask();
  const all: number[] = [];
  for (let i = 0; i < requests; i++) {
    const began = performance.now();
    await ask();
    all.push(performance.now() - began);
  }
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) * 100) / 100;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
