import { Type } from 'typebox';

/** Headers of an answer in place of the usual ones; null leaves one out. */
export const AnswerHeaders = Type.Record(
  Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" }),
  Type.Union([Type.String({ pattern: '^[\\t\\x20-\\x7e]*$' }), Type.Null()]),
  { additionalProperties: false },
);

/** HTTP status of a whole answer. */
export const Status = Type.Integer({ minimum: 200, maximum: 599 });

/** As node has them: in lower case. */
export const inLowerCase = <Value>(headers: Readonly<Record<string, Value>> = {}): Record<string, Value> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
