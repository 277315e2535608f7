import { setTimeout as pause } from 'node:timers/promises';
import { Type } from 'typebox';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({
  /** Of the machine's own time: clients are impatient by theirs. */
  seconds: Type.Number({ minimum: 0, maximum: 3_600 }),
});

/** The request is looked at late. */
export const delay: CaFault<typeof Takes> = {
  takes: Takes,
  step:
    ({ seconds }) =>
    async (exchange, next) => {
      await pause(seconds * 1_000, undefined, { ref: false });
      return next(exchange);
    },
};
