/** What records of each type say: how it is read, and how it is told. */
import { isIPv4, isIPv6 } from 'node:net';
import { refuse, toTarget } from './names.ts';
import { CAA_TAGS, type CaaParts, type RecordContent, type RecordType, type SrvParts } from './record.ts';
import { txtStrings } from './txt.ts';

/** What a request says of a record's content. */
export interface GivenContent {
  readonly content?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly priority?: number | undefined;
}

const READ: { readonly [T in RecordType]: (given: GivenContent) => RecordContent } = {
  A: (given) => ({ type: 'A', content: ipv4Of(textOf(given)) }),
  AAAA: (given) => ({ type: 'AAAA', content: ipv6Of(textOf(given)) }),
  CNAME: (given) => ({ type: 'CNAME', content: toTarget(textOf(given), '/content') }),
  NS: (given) => ({ type: 'NS', content: toTarget(textOf(given), '/content') }),
  MX: readMx,
  TXT: (given) => {
    const content = textOf(given);
    txtStrings(content);
    return { type: 'TXT', content };
  },
  CAA: (given) => caaOf(given.data ?? caaParts(textOf(given))),
  SRV: (given) => srvOf(given.data ?? srvParts(textOf(given), given.priority)),
};

/** The content of a record of that type. Throws `invalid_record` with a pointer to what is wrong. */
export const toContent = (type: RecordType, given: GivenContent): RecordContent => READ[type](given);

function textOf({ content }: GivenContent): string {
  if (content === undefined || content === '') throw refuse('/content', 'is required for this type');
  return content;
}

function ipv4Of(text: string): string {
  if (isIPv4(text)) return text;
  throw refuse('/content', 'for an A record must be a valid IPv4 address');
}

function ipv6Of(text: string): string {
  if (!isIPv6(text) || text.includes('%'))
    throw refuse('/content', 'for an AAAA record must be a valid IPv6 address');
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

function readMx(given: GivenContent): RecordContent {
  const priority = numberIn({ priority: given.priority }, 'priority', '/priority', MOST_16);
  return { type: 'MX', content: toTarget(textOf(given), '/content', true), priority };
}

const MOST_16 = 65_535;

function numberIn(
  parts: Readonly<Record<string, unknown>>,
  name: string,
  pointer: string,
  most: number,
): number {
  const value = parts[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw refuse(pointer, `must be an integer from 0 to ${most}`);
}

/** `0 issue "ca.example"`, as zone files have it. */
function caaParts(text: string): Readonly<Record<string, unknown>> {
  const [, flags, tag, quoted, plain] = /^(\d{1,3})\s+(\w+)\s+(?:"([^"\\]*)"|(\S+))$/.exec(text.trim()) ?? [];
  if (flags === undefined)
    throw refuse('/content', 'for a CAA record must be as 0 issue "ca.example"; or set data');
  return { flags: Number(flags), tag, value: quoted ?? plain };
}

function caaOf(parts: Readonly<Record<string, unknown>>): RecordContent {
  const flags = numberIn(parts, 'flags', '/data/flags', 255);
  const tag = CAA_TAGS.find((one) => one === parts['tag']);
  if (!tag) throw refuse('/data/tag', `must be one of ${CAA_TAGS.join(', ')}`);
  const { value } = parts;
  if (typeof value !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(value) || /["\\]/.test(value))
    throw refuse('/data/value', 'must be 1 to 255 printable ASCII characters without quotation marks');
  const data: CaaParts = { flags, tag, value };
  return { type: 'CAA', content: `${flags} ${tag} "${value}"`, data };
}

/** `priority weight port target` as zone files have it, or without priority, as Cloudflare tells it beside one. */
function srvParts(text: string, priority: number | undefined): Readonly<Record<string, unknown>> {
  const words = text.trim().split(/\s+/);
  const [target = '', port, weight, first] = words.toReversed();
  const isWhole = words.length === 4 || (words.length === 3 && priority !== undefined);
  if (!isWhole || !words.slice(0, -1).every((word) => /^\d{1,5}$/.test(word)))
    throw refuse('/content', 'for an SRV record must be as "priority weight port target"; or set data');
  return {
    priority: first === undefined ? priority : Number(first),
    weight: Number(weight),
    port: Number(port),
    target,
  };
}

function srvOf(parts: Readonly<Record<string, unknown>>): RecordContent {
  const number = (name: string) => numberIn(parts, name, `/data/${name}`, MOST_16);
  const [priority, weight, port] = [number('priority'), number('weight'), number('port')];
  if (typeof parts['target'] !== 'string') throw refuse('/data/target', 'is required');
  const data: SrvParts = { priority, weight, port, target: toTarget(parts['target'], '/data/target', true) };
  return { type: 'SRV', content: `${priority} ${weight} ${port} ${data.target}`, data };
}
