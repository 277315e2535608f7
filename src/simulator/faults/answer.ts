import { type Static, Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import type { Answer, Headers } from '../ca/context.ts';
import { refusing } from '../ca/message.ts';
import { Refusal } from '../ca/problems.ts';
import type { CaFault } from './fault.ts';
import { AnswerHeaders, inLowerCase, Status } from './headers.ts';
import { Problem } from './problem.ts';

const Takes = Type.Object({
  /** 200 unless told, or that of the problem. */
  status: Type.Optional(Status),
  headers: Type.Optional(AnswerHeaders),
  /** A text is sent as it stands, anything else as JSON. */
  body: Type.Optional(Type.Unknown()),
  /** How often a text is sent, one behind the other. */
  repeat: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
  /** A problem document, in place of a body. */
  problem: Type.Optional(Problem),
  detail: Type.Optional(Type.String()),
  /** Whether the request does at the CA what it asks for, and only its answer is lost. */
  takes_effect: Type.Optional(Type.Boolean()),
});

/** Something else is answered. */
export const answer: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ takes_effect: takesEffect = false, ...said }) => {
    const whole = answerOf(said);
    return async (exchange, next) => {
      if (takesEffect) await next(exchange);
      return whole;
    };
  },
};

type Said = Omit<Static<typeof Takes>, 'takes_effect'>;

function answerOf({ headers, problem, body, ...rest }: Said): Answer {
  const own = inLowerCase(headers);
  if (problem === undefined) return { status: rest.status ?? 200, ...contentOf(body, own, rest.repeat) };
  if (body !== undefined) throw new Fault('malformed_request', 'has a body beside a problem');
  const { detail = problem, status } = rest;
  const { document } = new Refusal(problem, detail, status === undefined ? {} : { status });
  return refusing(document, own);
}

function contentOf(
  body: unknown,
  headers: Headers,
  repeat = 1,
): Pick<Answer, 'headers' | 'body' | 'content'> {
  if (typeof body !== 'string') return { headers, body };
  const length = Buffer.byteLength(body) * repeat;
  if (length > LONGEST) throw new Fault('malformed_request', `has a body of more than ${LONGEST} bytes`);
  return { headers: { 'content-type': 'text/plain', ...headers }, content: Buffer.alloc(length, body) };
}

/** Bytes of a text with its repetitions. */
const LONGEST = 64 * 1_024 * 1_024;
