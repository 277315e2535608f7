import { type CrashResult, crash, VICTIMS } from '../test/support/crash.ts';

/** How often what is killed, and during how many orders. */
export interface CrashNumbers {
  readonly kills: number;
  readonly orders: number;
  readonly seed: number;
}

type Counts = Omit<CrashResult, 'missing'>;

/** Kills each kind of victim in turn, `kills` times in all. The sums of what came of it, and each part. */
export async function crashBench(
  { kills, orders, seed }: CrashNumbers,
  say: (what: string) => void,
): Promise<Counts & { readonly seed: number; readonly parts: Readonly<Record<string, CrashResult>> }> {
  const parts: Record<string, CrashResult> = {};
  say(`killing ${kills} times, about 5 s each`);
  for (const [i, victim] of VICTIMS.entries()) {
    const share = Math.floor(kills / VICTIMS.length) + (i < kills % VICTIMS.length ? 1 : 0);
    if (share === 0) continue;
    const plan = { victim, kills: share, orders, seed: seed + i };
    parts[victim] = await crash(plan, (n) => say(`${victim}: killed ${n} of ${share} times`));
    say(`${victim}: ${JSON.stringify(parts[victim])}`);
  }
  const sum = (name: keyof Counts) => Object.values(parts).reduce((total, part) => total + part[name], 0);
  return {
    kills: sum('kills'),
    orders: sum('orders'),
    active: sum('active'),
    lost: sum('lost'),
    double: sum('double'),
    surplus: sum('surplus'),
    seed,
    parts,
  };
}
