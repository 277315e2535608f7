import { Type } from 'typebox';
import { after } from '../../kit/time.ts';
import type { CaFault } from './fault.ts';

/** A century. */
const FURTHEST = 3_155_760_000;

const Takes = Type.Object({
  /** Seconds; negative for one that is behind. */
  ahead_s: Type.Number({ minimum: -FURTHEST, maximum: FURTHEST }),
});

/** The CA's clock is wrong. */
export const clock: CaFault<typeof Takes> = {
  takes: Takes,
  step:
    ({ ahead_s: ahead }) =>
    (exchange, next) => {
      const { ca } = exchange;
      const now = () => after(ca.clock.now(), ahead);
      const sleep: typeof ca.clock.sleep = (seconds, signal) => ca.clock.sleep(seconds, signal);
      return next({ ...exchange, ca: { ...ca, clock: { now, sleep } } });
    },
};
