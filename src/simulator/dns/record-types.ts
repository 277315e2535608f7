import { isIPv4, isIPv6 } from 'node:net';
import type { Answer, CaaAnswer, MxAnswer, StringAnswer, TxtAnswer } from 'dns-packet';
import { Fault } from '../../kit/fault.ts';
import { TTL } from './message.ts';
import { isName, toKey } from './names.ts';

/** Types of the records that customers can have. */
export const RECORD_TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'TXT'] as const;
export type CustomerType = (typeof RECORD_TYPES)[number];

/** Whether a type of a question is one that customers can have. */
export const isCustomerType = (type: unknown): type is CustomerType =>
  RECORD_TYPES.some((one) => one === type);

/** A record without its owner. */
type Data =
  | Omit<StringAnswer, 'name'>
  | Omit<CaaAnswer, 'name'>
  | Omit<MxAnswer, 'name'>
  | Omit<TxtAnswer, 'name'>;

/** What a value written as in a zone file means on the wire; undefined when it is none of its type. */
const READ: Readonly<Record<CustomerType, (value: string) => Data | undefined>> = {
  A: (data) => (isIPv4(data) ? { type: 'A', data } : undefined),
  AAAA: (data) => (isIPv6(data) && !data.includes('%') ? { type: 'AAAA', data } : undefined),
  CAA: caa,
  CNAME: (value) => named('CNAME', value),
  MX: mailExchange,
  NS: (value) => named('NS', value),
  TXT: text,
};

/** A record of `name`. Throws `malformed_request` when the value is none of its type. */
export function recordOf(name: string, type: CustomerType, value: string): Answer {
  const data = READ[type](value);
  if (data !== undefined) return { ...data, name, ttl: TTL };
  throw new Fault(
    'malformed_request',
    `${JSON.stringify(value.slice(0, 100))} is no value of a ${type} record`,
  );
}

function named(type: 'CNAME' | 'NS', value: string): Data | undefined {
  const data = toKey(value);
  return isName(data) ? { type, data } : undefined;
}

function mailExchange(value: string): Data | undefined {
  const [preference = '', host = '', ...more] = value.split(' ');
  if (!/^\d{1,5}$/.test(preference) || Number(preference) > 0xffff || more.length > 0) return undefined;
  // A lone dot says that the name takes no mail (RFC 7505).
  const exchange = host === '.' ? host : toKey(host);
  if (exchange !== '.' && !isName(exchange)) return undefined;
  return { type: 'MX', data: { preference: Number(preference), exchange } };
}

function caa(value: string): Data | undefined {
  const [, flags, tag, quoted, bare] =
    /^(\d{1,3}) (issue|issuewild|iodef|contactemail) (?:"([^"]*)"|([^" ]+))$/.exec(value) ?? [];
  if (flags === undefined || !isCaaTag(tag) || Number(flags) > 255) return undefined;
  return { type: 'CAA', data: { flags: Number(flags), tag, value: quoted ?? bare ?? '' } };
}

const isCaaTag = (tag: string | undefined): tag is CaaAnswer['data']['tag'] => tag !== undefined;

/** One record holds many strings of at most 255 bytes each (RFC 1035 3.3.14); readers put them together. */
function text(value: string): Data | undefined {
  const bytes = Buffer.from(value);
  if (bytes.length > LONGEST_TEXT) return undefined;
  const data = [bytes.subarray(0, 255)];
  for (let at = 255; at < bytes.length; at += 255) data.push(bytes.subarray(at, at + 255));
  return { type: 'TXT', data };
}

/** In bytes. */
const LONGEST_TEXT = 4_000;
