import { Fault } from '../kit/fault.ts';
import type { Problem } from './acme.ts';
import type { AcmeResponse } from './http.ts';
import { parseProblem, Refusal } from './problem.ts';
import { retryAfterOf } from './retry-after.ts';

const hostOf = ({ url }: AcmeResponse): string => new URL(url).host;

/** The JSON of an answer. Throws `ca_wrong_answer` for another type of content, or JSON that cannot be read. */
export function jsonOf(answer: AcmeResponse): unknown {
  demandType(answer, /^application\/([\w.-]+\+)?json$/);
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch (cause) {
    throw new Fault('ca_wrong_answer', `${hostOf(answer)} answered with JSON that cannot be read`, { cause });
  }
}

/** Throws `ca_wrong_answer` unless the answer's content has a media type that `type` matches. */
export function demandType(answer: AcmeResponse, type: RegExp): void {
  const [given = ''] = (answer.headers['content-type'] ?? '').split(';');
  if (type.test(given.trim().toLowerCase())) return;
  const what = JSON.stringify(given.slice(0, 100));
  throw new Fault(
    'ca_wrong_answer',
    `${hostOf(answer)} answered HTTP ${answer.status} with content of type ${what}`,
  );
}

/** What a 404 without content says (RFC 7807 4.2). */
const NOTHING_THERE: Problem = { type: 'about:blank', detail: 'not found', status: 404, subproblems: [] };

/** The Fault of an answer with an error's status: `ca_refused` where it has a problem document. */
export function toRefusal(answer: AcmeResponse): Fault {
  const { status, headers } = answer;
  if (status === 404 && answer.body.length === 0) return new Refusal(NOTHING_THERE, hostOf(answer));
  try {
    const problem = parseProblem(jsonOf(answer));
    const retryAfter = retryAfterOf(headers);
    const http = { status, ...(retryAfter !== undefined && { retryAfter }) };
    if (problem) return new Refusal({ ...problem, ...http }, hostOf(answer));
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  return new Fault(
    'ca_wrong_answer',
    `${hostOf(answer)} answered HTTP ${status} without a reason (RFC 7807)`,
  );
}
