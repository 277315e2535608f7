import { Type } from 'typebox';
import { isObject } from '../ca/reading.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({
  /** Objects that stand before the usual ones, as they are. */
  before: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 100 })),
  /** Members that the usual ones lack. */
  without: Type.Optional(Type.Array(Type.String(), { maxItems: 10 })),
});

/** On `authorization`: its challenges are other than usual. */
export const challenges: CaFault<typeof Takes> = {
  takes: Takes,
  step:
    ({ before = [], without = [] }) =>
    async (exchange, next) => {
      const answer = await next(exchange);
      const usual = isObject(answer.body) ? answer.body['challenges'] : undefined;
      if (!isObject(answer.body) || !Array.isArray(usual)) return answer;
      const lacking = usual.map((one: unknown) => lackingOf(one, without));
      return { ...answer, body: { ...answer.body, challenges: [...before, ...lacking] } };
    },
};

const lackingOf = (value: unknown, names: readonly string[]): unknown =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
    : value;
