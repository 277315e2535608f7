import type { Problem } from './acme.ts';
import type { AcmeResponse } from './http.ts';
import { parseProblem, Refusal, WrongAnswer } from './problem.ts';

const hostOf = ({ url }: AcmeResponse): string => new URL(url).host;

/** Whether an answer's content has a media type that `type` matches. */
const isOfType = ({ headers }: AcmeResponse, type: RegExp): boolean =>
  type.test((headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '');

const wrong = (answer: AcmeResponse, words: string, cause?: unknown) => {
  const { status, retryAfter } = answer;
  return new WrongAnswer('ca_wrong_answer', `${hostOf(answer)} ${words}`, { status, retryAfter, cause });
};

/**
 * The JSON of an answer, whatever media type it is said to be of, but HTML. Throws `ca_wrong_answer` for anything else, or
 * JSON that cannot be read.
 */
export function jsonOf(answer: AcmeResponse): unknown {
  const isSaidSo = isOfType(answer, /^application\/([\w.-]+\+)?json$/);
  const isMeantSo = /^\s*[[{]/.test(textOf(answer).slice(0, 100)) && !isOfType(answer, /html/);
  if (!isSaidSo && !isMeantSo) {
    const what = JSON.stringify((answer.headers['content-type'] ?? '').slice(0, 100));
    throw wrong(answer, `answered HTTP ${answer.status} with content of type ${what}`);
  }
  try {
    return JSON.parse(textOf(answer));
  } catch (cause) {
    throw wrong(answer, 'answered with JSON that cannot be read', cause);
  }
}

/** Without a byte order mark. */
const textOf = ({ body }: AcmeResponse): string => body.toString('utf8').replace(/^\uFEFF/, '');

/** What a 404 without content says (RFC 7807 4.2). */
const NOTHING_THERE: Problem = { type: 'about:blank', detail: 'not found', status: 404, subproblems: [] };

/** The Fault of an answer with an error's status: `ca_refused` where it says why. */
export function toRefusal(answer: AcmeResponse): WrongAnswer {
  const { status, retryAfter } = answer;
  if (status === 404 && answer.body.length === 0) return new Refusal(NOTHING_THERE, hostOf(answer));
  const problem = parseProblem(orUndefined(() => JSON.parse(textOf(answer))));
  const http = { status, ...(retryAfter !== undefined && { retryAfter }) };
  if (problem) return new Refusal({ ...problem, ...http }, hostOf(answer));
  if (isOfType(answer, /json$/)) return wrong(answer, `answered HTTP ${status} without a reason (RFC 7807)`);
  const what = JSON.stringify((answer.headers['content-type'] ?? '').slice(0, 100));
  return wrong(answer, `answered HTTP ${status} with content of type ${what}`);
}

function orUndefined(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return undefined;
  }
}
