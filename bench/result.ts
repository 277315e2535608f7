/** What benchmarks can be told, and how they tell what came out. */
import { InvalidArgumentError } from 'commander';
import { table } from './table.ts';

/** What every benchmark can be told beside its numbers. */
export interface Common {
  readonly database?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly mixed?: boolean;
}

/** Prints a result. */
export function print(result: object, { json = false }: Common): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${table(result)}\n`);
}

/** A number of a command line. */
export function toCount(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number from 1 is wanted');
}

/** What numbers of benchmarks are. */
export const SECONDS = 'length of each measurement';
export const REPETITIONS = 'of everything, in turns';
