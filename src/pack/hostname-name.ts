/** Names of custom hostnames and of their origins as people write them, and what is wrong with them in the words of the documentation. */
import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { Fault, type FaultName } from '../kit/fault.ts';
import { toName } from './hosts.ts';

/** What a name is for, and where in a request it stands. */
export interface NameOf {
  readonly kind: 'hostname' | 'origin';
  readonly pointer: string;
  /** Whether names that are kept for tests and examples are taken. */
  readonly takesReserved: boolean;
}

type Wrong = 'invalid' | 'not_ascii' | 'reserved' | 'no_domain' | 'prohibited' | 'wildcard';

const FAULTS: Readonly<Record<NameOf['kind'], Readonly<Record<Wrong, FaultName>>>> = {
  hostname: {
    invalid: 'invalid_host',
    not_ascii: 'hostname_not_ascii',
    reserved: 'hostname_reserved',
    no_domain: 'hostname_no_domain',
    prohibited: 'hostname_prohibited',
    wildcard: 'hostname_wildcard',
  },
  origin: {
    invalid: 'origin_invalid',
    not_ascii: 'origin_not_ascii',
    reserved: 'origin_reserved',
    no_domain: 'origin_no_domain',
    prohibited: 'origin_prohibited',
    wildcard: 'origin_wildcard',
  },
};

/** Longest that is taken (Cloudflare, custom hostnames). */
const MOST_CHARACTERS = 255;
/** Top-level domains that nobody can register in (RFC 6761, 6762, 7686, 9476; `internal` by ICANN). */
const RESERVED: readonly string[] = [
  'test',
  'example',
  'invalid',
  'localhost',
  'local',
  'onion',
  'alt',
  'internal',
];
const PROHIBITED = /(?:^|\.)example\.(?:com|net|org)$/;

/** The name in A-labels and lower case. Throws one of the faults of hostnames, or of origins, with the pointer. */
export function toHostnameName(text: string, { kind, pointer, takesReserved }: NameOf): string {
  const shown = JSON.stringify(text.slice(0, 100));
  const name = text.toLowerCase().replace(/\.$/, '');
  const told = wrongIn(text) ?? wrongOf(name, kind) ?? (takesReserved ? undefined : wrongForUse(name));
  if (told) throw new Fault(FAULTS[kind][told.wrong], `${shown} ${told.why}`, { pointer });
  try {
    return toName(name);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(FAULTS[kind].invalid, error.message, { pointer });
    throw error;
  }
}

/** What is wrong with a name, in words behind it. */
interface Told {
  readonly wrong: Wrong;
  readonly why: string;
}

function wrongIn(text: string): Told | undefined {
  if (text === '' || text.length > MOST_CHARACTERS)
    return { wrong: 'invalid', why: `is no name: it has 1 to ${MOST_CHARACTERS} characters` };
  if (/\P{ASCII}/u.test(text)) return { wrong: 'not_ascii', why: 'is not in ASCII: write it as xn--…' };
  return undefined;
}

function wrongOf(name: string, kind: NameOf['kind']): Told | undefined {
  if (name.startsWith('*.')) return { wrong: 'wildcard', why: WILDCARD[kind] };
  if (!name.includes('.') || isIP(name) !== 0 || getPublicSuffix(name) !== name) return undefined;
  return { wrong: 'no_domain', why: 'is a public suffix: it is below no registered domain' };
}

function wrongForUse(name: string): Told | undefined {
  const last = name.split('.').at(-1) ?? '';
  if (RESERVED.includes(last))
    return { wrong: 'reserved', why: `ends in .${last}, which is kept for other uses` };
  return PROHIBITED.test(name) ? { wrong: 'prohibited', why: 'is of a domain of documentation' } : undefined;
}

const WILDCARD = {
  hostname: 'has a wildcard: write it without, and have the names below it covered by ssl.wildcard',
  origin: 'has a wildcard: an origin is one name',
} as const;
