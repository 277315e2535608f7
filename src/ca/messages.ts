/** A CA's problem document in one sentence for the subscriber: which CA, which host, what, and what to do. */
import type { Problem } from '../acme/acme.ts';
import type { Seconds } from '../kit/time.ts';

/** Next steps by type of RFC 8555 6.7. Types that are missing here are tried again without the subscriber. */
// biome-ignore format: a table is read by column
const NEXT_STEP: Readonly<Record<string, string>> = {
  accountDoesNotExist:     'the operator must restore the account at this CA, or remove it so that a new one is made',
  alreadyRevoked:          'nothing is left to do',
  badCSR:                  'the request is made anew; tell the operator if it repeats',
  badPublicKey:            'a new key is made; tell the operator if it repeats',
  badSignatureAlgorithm:   'the operator must update certpacks',
  caa:                     'allow this CA in the CAA records of the host or its parents, or remove them',
  compound:                'see each host',
  connection:              'make the host reachable for the CA, also over IPv6 where it has an address there',
  dns:                     'repair the DNS of the host: every name server of its zone must answer, with valid DNSSEC if it is signed',
  externalAccountRequired: 'the operator must set eab_kid and eab_hmac_key for this CA',
  incorrectResponse:       'publish the TXT record as shown, on every name server, and no other value in its place',
  invalidContact:          'the operator must set a contact address that this CA takes',
  malformed:               'check the hosts; tell the operator if it repeats',
  orderNotReady:           'it is tried again',
  rateLimited:             'wait until the limit has passed; ordering the same hosts again makes it longer',
  rejectedIdentifier:      'leave the host out, or order from another CA',
  serverInternal:          'it is tried again; the fault is with the CA',
  tls:                     'repair the TLS of the host',
  unauthorized:            'publish the TXT record as shown and check that the host\'s CNAME or NS records lead there',
  unsupportedContact:      'the operator must set a contact address that this CA takes',
  unsupportedIdentifier:   'order host names alone',
  userActionRequired:      'the operator must visit the page that the CA names, e.g. to agree to new terms',
};

/** Most subproblems that are told. */
const MOST_TOLD = 5;

/** Longest text of the CA's for one host, in characters. */
const LONGEST_DETAIL = 400;

/** The sentence for a problem with an order for `names`. */
export function messageOf(ca: string, names: readonly string[], problem: Problem): string {
  const hosts = hostsOf(problem, names);
  const wait =
    problem.retryAfter === undefined ? '' : ` (it asks to wait ${lengthInWords(problem.retryAfter)})`;
  const next = nextStep(problem);
  return `${ca} refused${hosts && ` ${hosts}`}: ${detailOf(problem)}${wait}${next && `; ${next}`}`;
}

function hostsOf(problem: Problem, names: readonly string[]): string {
  const told = [problem, ...problem.subproblems].flatMap(({ identifier }) => identifier?.value ?? []);
  return listHosts([...new Set(told.length > 0 ? told : names)]);
}

/** Hosts as they are told, five at most. */
export const listHosts = (names: readonly string[]): string => cut(names).join(', ');

/** What the CA wrote, with what it wrote for single hosts. */
function detailOf(problem: Problem): string {
  const parts = problem.subproblems.map((one) => `${one.identifier?.value ?? 'order'}: ${ownDetail(one)}`);
  const own = ownDetail(problem);
  return parts.length > 0 ? `${own} (${cut(parts).join('; ')})` : own;
}

const ownDetail = ({ detail, type }: Problem): string =>
  (detail.replace(/[.\s]+$/, '') || typeName(type)).slice(0, LONGEST_DETAIL);

function nextStep({ type, subproblems }: Problem): string {
  const names = [...subproblems.map((one) => one.type), type].map(typeName);
  const known = names.find((name) => Object.hasOwn(NEXT_STEP, name)) ?? '';
  return NEXT_STEP[known] ?? '';
}

const typeName = (type: string): string => type.replace(/^urn:ietf:params:acme:error:/, '');

const cut = (list: readonly string[]): string[] =>
  list.length > MOST_TOLD ? [...list.slice(0, MOST_TOLD), `${list.length - MOST_TOLD} more`] : [...list];

function lengthInWords(length: Seconds): string {
  if (length < 120) return `${Math.ceil(length)} seconds`;
  return length < 7_200 ? `${Math.ceil(length / 60)} minutes` : `${Math.ceil(length / 3_600)} hours`;
}
