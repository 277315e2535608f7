import { Fault } from '../kit/fault.ts';
import type { Identifier, Problem } from './acme.ts';
import { isObject } from './fields.ts';

const MOST_SUBPROBLEMS = 100;
const LONGEST_DETAIL = 1_000;

/**
 * A problem document (RFC 7807, RFC 8555 6.7) or undefined where `json` is none. Bounded: texts are cut, line
 * breaks and other control characters become spaces, one level of subproblems is kept.
 */
export function parseProblem(json: unknown): Problem | undefined {
  const problem = parseOne(json);
  if (!problem || !isObject(json) || !Array.isArray(json['subproblems'])) return problem;
  const subproblems = json['subproblems'].slice(0, MOST_SUBPROBLEMS).map(parseOne);
  return { ...problem, subproblems: subproblems.filter((one) => one !== undefined) };
}

function parseOne(json: unknown): Problem | undefined {
  if (!isObject(json)) return undefined;
  const { type, detail, title, status, identifier } = json;
  if (typeof type !== 'string' && typeof detail !== 'string') return undefined;
  const name = parseIdentifier(identifier);
  return {
    type: typeof type === 'string' ? plain(type, 200) : 'about:blank',
    detail: plain([detail, title].find((text) => typeof text === 'string') ?? '', LONGEST_DETAIL),
    ...(typeof status === 'number' && { status }),
    ...(name && { identifier: name }),
    subproblems: [],
  };
}

function parseIdentifier(json: unknown): Identifier | undefined {
  if (!isObject(json) || json['type'] !== 'dns' || typeof json['value'] !== 'string') return undefined;
  return { type: 'dns', value: plain(json['value'], 255) };
}

const plain = (text: unknown, most: number): string =>
  String(text)
    .slice(0, most)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .trim();

/** Whether a problem is of a type of RFC 8555 6.7, e.g. `badNonce`. */
export const isProblem = ({ type }: Problem, name: string): boolean =>
  type === `urn:ietf:params:acme:error:${name}`;

/** The Fault `ca_refused` of a problem document. */
export class Refusal extends Fault {
  readonly problem: Problem;

  /** `host` is the server that refused. */
  constructor(problem: Problem, host: string) {
    super('ca_refused', `${host} refused: ${problem.detail} (${problem.type})`, { cause: problem });
    this.problem = problem;
  }
}

/** The problem document with which a server refused, if `error` is such a refusal. */
export const problemOf = (error: unknown): Problem | undefined =>
  error instanceof Refusal ? error.problem : undefined;
