import { randomInt } from 'node:crypto';

/** Ports that no system hands out by itself: taken once, a port is likely to be free after a restart. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A few ports to try, in random order. */
export const portsToTry = (): number[] => Array.from({ length: 40 }, () => randomInt(LOWEST, HIGHEST));
