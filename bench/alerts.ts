import { type AlertCrashResult, alertCrash } from '../test/support/alert-crash.ts';
import { type BenchDatabase, scratchBeside } from './database.ts';

/** How much happens, and how often a service is killed meanwhile. */
export interface AlertNumbers {
  readonly events: number;
  readonly packs: number;
  readonly kills: number;
  readonly seconds: number;
}

/** Has alerts delivered to a bad receiver while services are killed, in a database of its own. */
export async function alertsBench(
  database: BenchDatabase,
  numbers: AlertNumbers,
  say: (what: string) => void,
): Promise<AlertCrashResult> {
  await using scratch = await scratchBeside(database, 'certpacks_bench_alerts');
  return await alertCrash(scratch, numbers, say);
}
