import { Fault, type FaultName } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import type { Identifier, Problem } from './acme.ts';
import { isObject } from './fields.ts';
import { normalName } from './names.ts';

const MOST_SUBPROBLEMS = 100;
const LONGEST_DETAIL = 1_000;
/** Subproblems of subproblems are told as if they stood beside these, so deep at most. */
const DEEPEST = 5;

/**
 * A problem document (RFC 7807, RFC 8555 6.7) or undefined where `json` is none. Bounded: texts are cut, line
 * breaks and other control characters become spaces, subproblems of all levels are one list.
 */
export function parseProblem(json: unknown): Problem | undefined {
  const problem = parseOne(json);
  return problem && { ...problem, subproblems: subproblemsIn(json, DEEPEST).slice(0, MOST_SUBPROBLEMS) };
}

function subproblemsIn(json: unknown, depth: number): Problem[] {
  const list = isObject(json) ? json['subproblems'] : undefined;
  if (!Array.isArray(list) || depth === 0) return [];
  return list.slice(0, MOST_SUBPROBLEMS).flatMap((one: unknown) => {
    const parsed = parseOne(one);
    const below = subproblemsIn(one, depth - 1);
    // One that holds others says of each less than they do.
    if (below.length > 0 && !parsed?.identifier) return below;
    return [...(parsed ? [parsed] : []), ...below];
  });
}

/** Members by which servers say why, the standard's first. */
const REASONS = ['detail', 'title', 'error_description', 'message', 'error', 'description'] as const;

function parseOne(json: unknown): Problem | undefined {
  if (!isObject(json)) return undefined;
  const { type, status, identifier, instance } = json;
  const detail = REASONS.map((name) => json[name]).find((text) => typeof text === 'string');
  if (typeof type !== 'string' && detail === undefined) return undefined;
  const name = parseIdentifier(identifier);
  return {
    type: typeof type === 'string' ? plain(type, 200) : 'about:blank',
    detail: plain(detail ?? '', LONGEST_DETAIL),
    ...(typeof status === 'number' && { status }),
    ...(name && { identifier: name }),
    ...(typeof instance === 'string' && instance !== '' && { instance: plain(instance, 500) }),
    subproblems: [],
  };
}

function parseIdentifier(json: unknown): Identifier | undefined {
  const { value, type = 'dns' } = isObject(json) ? json : { value: json };
  if (typeof value !== 'string' || String(type).toLowerCase() !== 'dns') return undefined;
  return { type: 'dns', value: normalName(plain(value, 255)) };
}

const plain = (text: unknown, most: number): string =>
  String(text)
    .slice(0, most)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .trim();

/** The name of a problem's type, whatever stands before it: `badNonce` of `urn:ietf:params:acme:error:badNonce`. */
export const problemName = ({ type }: Pick<Problem, 'type'>): string =>
  type === 'about:blank' ? '' : (/[^:/#]*$/.exec(type)?.[0] ?? '');

/** Whether a problem is of a type of RFC 8555 6.7, e.g. `badNonce`, in whatever name space and spelling. */
export const isProblem = (problem: Pick<Problem, 'type'>, name: string): boolean =>
  problemName(problem).toLowerCase() === name.toLowerCase();

/** The Fault of an answer that is not what was asked for. */
export class WrongAnswer extends Fault {
  /** HTTP status. */
  readonly status: number;

  constructor(
    fault: FaultName,
    message: string,
    about: { readonly status: number; readonly retryAfter?: Seconds | undefined; readonly cause?: unknown },
  ) {
    super(fault, message, { cause: about.cause, retryAfter: about.retryAfter });
    this.status = about.status;
  }
}

/** The Fault `ca_refused` of a problem document. */
export class Refusal extends WrongAnswer {
  readonly problem: Problem;

  /** `host` is the server that refused. */
  constructor(problem: Problem, host: string) {
    const { status = 400, retryAfter } = problem;
    const why = `${problem.detail} (${problem.type})`;
    super('ca_refused', `${host} refused: ${why}`, { status, retryAfter, cause: problem });
    this.problem = problem;
  }
}

/** The problem document with which a server refused, if `error` is such a refusal. */
export const problemOf = (error: unknown): Problem | undefined =>
  error instanceof Refusal ? error.problem : undefined;

/** HTTP status of the error that a server answered, with or without a reason; undefined where there was none. */
export const errorStatusOf = (error: unknown): number | undefined =>
  error instanceof WrongAnswer && error.status >= 400 ? error.status : undefined;

/** Whether a server says that it knows no such thing: also what one says that has not heard of it yet. */
export const isUnknownThere = (error: unknown): boolean => [404, 410].includes(errorStatusOf(error) ?? 0);
