import { Type } from 'typebox';
import { isObject } from '../ca/reading.ts';
import type { CaFault } from './fault.ts';
import { AnswerHeaders, inLowerCase, Status } from './headers.ts';

const Takes = Type.Object({
  status: Type.Optional(Status),
  headers: Type.Optional(AnswerHeaders),
  /** What is changed in the JSON: a merge patch (RFC 7396), in which null removes a member. */
  body: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/** The usual answer, changed. */
export const patch: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ status, headers, body }) => {
    const changed = inLowerCase(headers);
    return async (exchange, next) => {
      const usual = await next(exchange);
      return {
        ...usual,
        status: status ?? usual.status,
        headers: { ...usual.headers, ...changed },
        ...(body && usual.body !== undefined && { body: merged(asSent(usual.body), body) }),
      };
    };
  },
};

/** Members that are undefined are not sent. */
const asSent = (body: unknown): unknown => JSON.parse(JSON.stringify(body));

/** RFC 7396 2. */
function merged(target: unknown, change: unknown): unknown {
  if (!isObject(change)) return change;
  const base = isObject(target) ? target : {};
  const names = [...new Set([...Object.keys(base), ...Object.keys(change)])];
  const members = names.flatMap((name) => {
    if (!Object.hasOwn(change, name)) return [[name, base[name]]];
    return change[name] === null ? [] : [[name, merged(base[name], change[name])]];
  });
  return Object.fromEntries(members);
}
