/** A CA's problem document in one sentence for the subscriber: which CA, which host, what, and what to do. */
import type { Problem } from '../acme/acme.ts';
import { problemName } from '../acme/problem.ts';
import type { Seconds } from '../kit/time.ts';
import { nextStep, type Refused, type Step } from './next-step.ts';

/** Most subproblems that are told. */
const MOST_TOLD = 5;

/** Longest text of the CA's for one host, in characters. */
const LONGEST_DETAIL = 400;

/** What was refused, before the hosts. */
const WHAT: Readonly<Record<Step, string>> = {
  account: 'our account',
  order: '',
  validation: '',
  issuance: 'to issue for',
  delivery: 'the certificate for',
  revocation: 'the revocation',
  renewal: 'to say when to renew',
};

/** The sentence for a problem with what was asked for `names`. */
export function messageOf(refused: Refused, names: readonly string[], problem: Problem): string {
  const what = [WHAT[refused.step], hostsOf(problem, names)].filter((part) => part !== '').join(' ');
  const wait =
    problem.retryAfter === undefined ? '' : ` (it asks to wait ${lengthInWords(problem.retryAfter)})`;
  const next = nextStep(problem, refused);
  return `${refused.ca} refused${what && ` ${what}`}: ${detailOf(problem)}${wait}; ${next}`;
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

/** Without semicolons: behind one stands what we say is to be done. */
const ownDetail = ({ detail, type }: Problem): string =>
  (detail.replace(/[.\s]+$/, '') || problemName({ type }) || 'no reason given')
    .replaceAll(/;(?=\s|$)/g, ',')
    .slice(0, LONGEST_DETAIL);

const cut = (list: readonly string[]): string[] =>
  list.length > MOST_TOLD ? [...list.slice(0, MOST_TOLD), `${list.length - MOST_TOLD} more`] : [...list];

function lengthInWords(length: Seconds): string {
  if (length < 120) return `${Math.ceil(length)} seconds`;
  return length < 7_200 ? `${Math.ceil(length / 60)} minutes` : `${Math.ceil(length / 3_600)} hours`;
}
