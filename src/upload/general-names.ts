/** Names in certificates, by their forms (RFC 5280 4.2.1.6), and the subtrees of them that CAs are limited to (4.2.1.10), out of DER. */
import type { X509Certificate } from 'node:crypto';
import { type DerValue, type Extension, extensionsOf, valuesIn, valuesOf } from '../kit/der-values.ts';

/** Forms of names that can be judged. */
const FORMS = { dns: 0x82, mail: 0x81, uri: 0x86, ip: 0x87, directory: 0xa4 } as const;
export type NameForm = keyof typeof FORMS;
const KNOWN: readonly NameForm[] = ['dns', 'mail', 'uri', 'ip', 'directory'];

/** A name, or the base of a subtree; `bytes` are its contents. `other` is of a form that cannot be judged. */
export interface GeneralName {
  readonly form: NameForm | 'other';
  readonly tag: number;
  readonly bytes: Buffer;
}

const TAG = { integer: 0x02, sequence: 0x30 } as const;
const [PATH_LENGTH, LIMITS, ALTERNATIVES] = ['551d13', '551d1e', '551d11'];
const MAIL_ATTRIBUTE = '2a864886f70d010901';

/** Names below which all are to be, and none may be. */
export interface Subtrees {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
  /** Whether whoever does not understand them has to refuse the chain. */
  readonly isCritical: boolean;
  /** Whether there is more than RFC 5280 lets stand there: distances, or what cannot be read. */
  readonly isOdd: boolean;
}

/** What a CA's certificate says of those below it. */
export interface CaLimits {
  readonly subtrees: Subtrees | undefined;
  /** Most certificates of CAs between it and a leaf; undefined: any number. */
  readonly most: number | undefined;
}

/** The limits in a certificate. */
export function limitsIn({ raw }: X509Certificate): CaLimits {
  const told = extensionsOf(raw);
  const [constraints, names] = [told.get(PATH_LENGTH), told.get(LIMITS)];
  const most = constraints && valuesIn(constraints.contents).find(({ tag }) => tag === TAG.integer);
  return { subtrees: names && subtreesIn(names), most: most && numberOf(most.contents) };
}

function subtreesIn({ contents, isCritical }: Extension): Subtrees {
  const parts = valuesIn(contents);
  const all = parts.map(({ tag, contents: trees }) => ({ tag, bases: valuesOf(trees).map(baseIn) }));
  const of = (wanted: number) =>
    all.flatMap(({ tag, bases }) => (tag === wanted ? bases.flatMap((base) => base ?? []) : []));
  const isOdd =
    parts.length === 0 ||
    all.some(({ tag, bases }) => ![0xa0, 0xa1].includes(tag) || bases.includes(undefined));
  return { permitted: of(0xa0), excluded: of(0xa1), isCritical, isOdd };
}

/** The base of a subtree; undefined where it has distances, which no CA may give. */
function baseIn({ contents }: DerValue): GeneralName | undefined {
  const [base, ...distances] = valuesOf(contents);
  const isPlain = distances.every(({ tag, contents: n }) => tag === 0x80 && n.every((byte) => byte === 0));
  return base && isPlain ? toName(base) : undefined;
}

const toName = ({ tag, contents: bytes }: DerValue): GeneralName => ({
  form: KNOWN.find((form) => FORMS[form] === tag) ?? 'other',
  tag,
  bytes,
});

/** All names of a certificate: its subject, mail addresses in that, and what else it is for. */
export function namesIn({ raw }: X509Certificate): GeneralName[] {
  const alternatives = extensionsOf(raw).get(ALTERNATIVES);
  const [signed] = valuesIn(raw);
  // Serial number, algorithm, issuer and validity stand before it.
  const parts = signed ? valuesOf(signed.contents).filter(({ tag }) => tag === TAG.sequence) : [];
  const subject = parts[3];
  const attributes = subject ? attributesIn(subject.contents).flat() : [];
  const mails = attributes.filter(({ type }) => type === MAIL_ATTRIBUTE).map(({ raw: bytes }) => bytes);
  return [
    ...(alternatives ? valuesIn(alternatives.contents).map(toName) : []),
    ...mails.map((bytes): GeneralName => ({ form: 'mail', tag: FORMS.mail, bytes })),
    ...(subject && attributes.length > 0
      ? [{ form: 'directory', tag: FORMS.directory, bytes: sequenceOf(subject.contents) } as const]
      : []),
  ];
}

/** A subject stands in its sequence as a directory name does. */
const sequenceOf = (contents: Buffer): Buffer => {
  const { length } = contents;
  const size =
    length < 0x80
      ? [length]
      : [0x84, length >>> 24, length >>> 16, length >>> 8, length].map((n) => n & 0xff);
  return Buffer.concat([Buffer.from([TAG.sequence, ...size]), contents]);
};

/** An attribute of a directory name, its text as names are compared. */
interface Attribute {
  /** Identifier in hexadecimal. */
  readonly type: string;
  readonly text: string;
  readonly raw: Buffer;
}

/** The relative names of a directory name, each as texts in one order, by which two can be compared. */
export const relativeNames = (directory: Buffer): string[] =>
  attributesIn(valuesOf(directory)[0]?.contents ?? Buffer.alloc(0)).map((one) =>
    one
      .map(({ type, text }) => `${type}=${text}`)
      .toSorted()
      .join('+'),
  );

const attributesIn = (relative: Buffer): Attribute[][] =>
  valuesOf(relative).map(({ contents: set }) =>
    valuesOf(set).flatMap(({ contents }) => {
      const [type, value] = valuesOf(contents);
      if (!type || !value) return [];
      return [{ type: type.contents.toString('hex'), text: comparable(value), raw: value.contents }];
    }),
  );

const TEXTS: readonly number[] = [0x0c, 0x13, 0x14, 0x16, 0x1a];
const WIDE_TEXT = 0x1e;

/** Case and spaces make no difference, nor by which kind of text it is written (RFC 5280 7.1). */
function comparable({ tag, contents }: DerValue): string {
  const text = TEXTS.includes(tag)
    ? contents.toString('utf8')
    : tag === WIDE_TEXT && contents.length % 2 === 0
      ? Buffer.from(contents).swap16().toString('utf16le')
      : undefined;
  return text === undefined
    ? `${tag}:${contents.toString('hex')}`
    : `text:${text.trim().replaceAll(/\s+/g, ' ').toLowerCase()}`;
}

const numberOf = (bytes: Buffer): number =>
  bytes.length > 4 ? Infinity : Number(`0x${bytes.toString('hex')}`);
