import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '../kit/clock.ts';

const NAME = 'clock.json';

/** The clock of a world, as far ahead as it was when the world was left: time never goes back. */
export function readClock(dir: string): VirtualClock {
  try {
    const { ahead }: { ahead?: unknown } = JSON.parse(readFileSync(join(dir, NAME), 'utf8'));
    return new VirtualClock(typeof ahead === 'number' && ahead >= 0 ? ahead : 0);
  } catch {
    return new VirtualClock(); // a new world
  }
}

/** Keeps how far ahead the clock is. */
export function writeClock(dir: string, { ahead }: VirtualClock): void {
  const path = join(dir, NAME);
  writeFileSync(`${path}.new`, JSON.stringify({ ahead }));
  renameSync(`${path}.new`, path);
}
