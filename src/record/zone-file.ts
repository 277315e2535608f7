/**
 * Zone files as BIND has them (RFC 1035 5.1, RFC 2308 4), read into records of a zone. Written by strangers: nothing is opened,
 * nothing is made up, and what cannot be kept is refused with its line.
 */
import { Fault } from '../kit/fault.ts';
import type { GivenContent } from './content.ts';
import { toRecordName } from './names.ts';
import { isProxiable, RECORD_TYPES, type RecordTerms, type RecordType } from './record.ts';
import { type RecordPlace, toTerms } from './terms.ts';
import { contentOfStrings } from './txt.ts';
import { toAttributes } from './zone-file-attributes.ts';
import { atLine, type Entry, entriesOf, type Word } from './zone-file-entry.ts';

/** Where the records are to be. */
export interface FilePlace extends RecordPlace {
  /** Whether records are proxied that can be, where the file does not say of one. */
  readonly isProxied: boolean;
}

/** A record of a zone file, and the line that it begins in. */
export interface FileRecord {
  readonly line: number;
  readonly record: RecordTerms;
}

/** The records of a zone file but for the zone's own SOA and NS. Throws `invalid_record` with the line that is wrong. */
export function* recordsOf(text: string, place: FilePlace): Generator<FileRecord> {
  const reader = new ZoneFileReader(place);
  for (const entry of entriesOf(text)) {
    const record = atLine(entry.line, () => reader.read(entry));
    if (record) yield { line: entry.line, record };
  }
}

/** What earlier entries say of later ones. */
class ZoneFileReader {
  readonly #place: FilePlace;
  /** With its final dot. */
  #origin: string;
  #owner: string | undefined;
  #usualTtl: number | undefined;
  #lastTtl: number | undefined;

  constructor(place: FilePlace) {
    this.#place = place;
    this.#origin = `${place.zone}.`;
  }

  /** Undefined for what is no record to be made. */
  read({ isIndented, words, comment }: Entry): RecordTerms | undefined {
    const [first] = words;
    if (first && !first.isQuoted && first.text.startsWith('$')) return this.#obey(words);
    const rest = [...words];
    if (!isIndented) this.#owner = this.#name(plain(rest.shift()));
    if (this.#owner === undefined) throw wrong('there is no name, and no record before it');
    const ttl = this.#readTtl(rest);
    const type = plain(rest.shift()).toUpperCase();
    const name = toRecordName(this.#owner, this.#place.zone);
    if (type === 'SOA') return this.#passOver(rest, name);
    const known = RECORD_TYPES.find((one) => one === type);
    if (!known)
      throw wrong(`type ${JSON.stringify(type.slice(0, 64))} is not taken: ${RECORD_TYPES.join(', ')} are`);
    // Which servers answer for the zone is the installation's to say.
    if (known === 'NS' && name === this.#place.zone) return undefined;
    return this.#toTerms(known, rest, { name: `${name}.`, ttl: within(ttl), comment });
  }

  #toTerms(
    type: RecordType,
    fields: readonly Word[],
    { name, ttl, comment }: { readonly name: string; readonly ttl: number; readonly comment: string },
  ): RecordTerms {
    const { isProxied, ...said } = toAttributes(comment);
    const content = readFields(type, fields, (text) => this.#name(text));
    const proxied = isProxied ?? (this.#place.isProxied && isProxiable(type));
    return toTerms({ type, name, ttl, proxied, ...said, ...content }, this.#place);
  }

  /** Keeps to a directive. */
  #obey(words: readonly Word[]): undefined {
    const [directive = '', value, ...more] = words.map(({ text }) => text);
    const name = directive.toUpperCase();
    if (name !== '$ORIGIN' && name !== '$TTL')
      throw wrong(`the directive ${directive.slice(0, 64)} is not taken: $ORIGIN and $TTL are`);
    if (value === undefined || more.length > 0) throw wrong(`${name} has one value`);
    if (name === '$ORIGIN') this.#origin = this.#name(value);
    else this.#usualTtl = secondsOf(value) ?? wrongTtl(value);
  }

  /** A whole name from one that is written, with its final dot. */
  #name(text: string): string {
    if (text === '@') return this.#origin;
    const name = unescaped(text);
    if (name.endsWith('.')) return name;
    return this.#origin === '.' ? `${name}.` : `${name}.${this.#origin}`;
  }

  /** Takes time to live and class away, which come in either order; seconds, 1 where nothing says them. */
  #readTtl(words: Word[]): number {
    const first = takeTtl(words);
    if (isClass(words[0]?.text ?? '')) words.shift();
    const ttl = first ?? takeTtl(words);
    this.#lastTtl = ttl ?? this.#usualTtl ?? this.#lastTtl;
    return this.#lastTtl ?? 1;
  }

  /** The zone's SOA, which says how long records live of which nothing else does (RFC 1035 5.1). */
  #passOver(fields: readonly Word[], name: string): undefined {
    if (name !== this.#place.zone) throw wrong(`${name} has an SOA, and is not the zone ${this.#place.zone}`);
    if (fields.length !== 7) throw wrong(`an SOA has 7 fields, and not ${fields.length}`);
    this.#lastTtl ??= secondsOf(fields[6]?.text ?? '');
  }
}

const wrong = (what: string): Fault => new Fault('invalid_record', what);

/** A word that is none in quotation marks. */
function plain(word: Word | undefined): string {
  if (!word) throw wrong('the record ends before its type');
  if (!word.isQuoted) return word.text;
  throw wrong('quotation marks stand around texts alone');
}

/** Takes a time to live away, where there is one. */
function takeTtl(words: Word[]): number | undefined {
  const seconds = secondsOf(words[0]?.text ?? '');
  if (seconds !== undefined) words.shift();
  return seconds;
}

/** Whether a word is a class; throws for another one than IN. */
function isClass(text: string): boolean {
  if (/^(?:IN|CLASS1)$/i.test(text)) return true;
  if (!/^(?:CH|HS|CS|CLASS\d+)$/i.test(text)) return false;
  throw wrong(`class ${text.toUpperCase()} is not taken: IN is`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds from a number, or from BIND's `1w2d3h4m5s`; undefined for what is neither. */
function secondsOf(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return inRange(Number(text), text);
  if (!/^(?:\d{1,10}[smhdw])+$/i.test(text)) return undefined;
  const parts = [...text.toLowerCase().matchAll(/(\d+)([smhdw])/g)];
  return inRange(
    parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0),
    text,
  );
}

/** RFC 2181 8. */
const inRange = (seconds: number, text: string): number => (seconds < 2 ** 31 ? seconds : wrongTtl(text));

function wrongTtl(text: string): never {
  throw wrong(`${JSON.stringify(text.slice(0, 64))} is no time to live`);
}

/** Zone files of elsewhere have times to live that are not offered here: the nearest one; 1 is automatic, as at Cloudflare. */
const within = (ttl: number): number => (ttl === 1 ? 1 : Math.min(Math.max(ttl, 60), 86_400));

/** A name without escapes. None of what needs one in a name can be in one here, but what does not need it may have one. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(\d{3}|.)/gsu, (escape, what: string) => {
    const character = what.length === 3 ? String.fromCharCode(Number(what)) : what;
    if (/^[\w*-]$/.test(character)) return character;
    throw wrong(`a name has ${escape}, which no name here may have`);
  });
}

/** How fields behind a type are read: which there are, and what they are. */
interface Fields {
  readonly names: readonly string[];
  readonly read: (texts: readonly string[], toName: (text: string) => string) => GivenContent;
}

const ADDRESS: Fields = { names: ['address'], read: ([content]) => ({ content }) };
const NAME: Fields = { names: ['name'], read: ([name = ''], toName) => ({ content: toName(name) }) };

/** TXT is not among them: it has any number. */
const FIELDS: Readonly<Record<Exclude<RecordType, 'TXT'>, Fields>> = {
  A: ADDRESS,
  AAAA: ADDRESS,
  CNAME: NAME,
  NS: NAME,
  MX: {
    names: ['preference', 'name'],
    read: ([preference = '', name = ''], toName) => ({
      priority: numberOf(preference),
      content: toName(name),
    }),
  },
  CAA: {
    names: ['flags', 'tag', 'value'],
    read: ([flags = '', tag = '', value = '']) => ({
      data: { flags: numberOf(flags), tag: tag.toLowerCase(), value: valueOf(value) },
    }),
  },
  SRV: {
    names: ['priority', 'weight', 'port', 'target'],
    read: ([priority = '', weight = '', port = '', target = ''], toName) => ({
      data: {
        priority: numberOf(priority),
        weight: numberOf(weight),
        port: numberOf(port),
        target: toName(target),
      },
    }),
  },
};

function readFields(
  type: RecordType,
  words: readonly Word[],
  toName: (text: string) => string,
): GivenContent {
  if (type === 'TXT') return { content: contentOfStrings(words.map(({ text }) => text)) };
  const { names, read } = FIELDS[type];
  if (words.length !== names.length)
    throw wrong(`${type} has ${names.join(', ')} behind it, and here are ${words.length} words`);
  return read(
    words.map((word, i) => (names[i] === 'value' ? word.text : plain(word))),
    toName,
  );
}

function numberOf(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw wrong(`${JSON.stringify(text.slice(0, 64))} is no number from 0 to 99999`);
}

/** CAA values are told without escapes, and are of ASCII. */
const valueOf = (text: string): string =>
  text.replaceAll(/\\(\d{3}|.)/gsu, (_, what: string) =>
    what.length === 3 ? String.fromCharCode(Number(what)) : what,
  );
