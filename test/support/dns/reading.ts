/** Zone files of tests of this room. */
import { recordsOf } from '../../../src/record/zone-file.ts';

export const PLACE = { zone: 'zone.example', hasPublicAddresses: true, isProxied: false };

export const read = (text: string, place = PLACE) => [...recordsOf(text, place)];

/** Records as `line name ttl type content`. */
export const told = (text: string): string[] =>
  read(text).map(
    ({ line, record: { name, ttl, type, content } }) => `${line} ${name} ${ttl} ${type} ${content}`,
  );
