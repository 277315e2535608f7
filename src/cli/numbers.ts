/** Numbers of a command line; what is none is refused with a sentence. */
import { InvalidArgumentError } from 'commander';

export function toCount(text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it is a whole number');
}

export function toPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 to 65535');
}
