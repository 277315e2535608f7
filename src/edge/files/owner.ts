import { readFileSync } from 'node:fs';
import { type DriverOptions, refused } from '../placed/driver-options.ts';

/** Number of the user or group that an option names, by name or number; undefined where it is not given. Throws `configuration`. */
export function idIn(options: DriverOptions, name: 'owner' | 'group'): number | undefined {
  const text = options.plain(name);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const path = name === 'owner' ? '/etc/passwd' : '/etc/group';
  const lines = readFileSync(path, 'utf8').split('\n');
  const id = lines.map((line) => line.split(':')).find(([found]) => found === text)?.[2];
  if (id === undefined) throw refused(name, `must be a number, or a name of ${path}`);
  return Number(id);
}
