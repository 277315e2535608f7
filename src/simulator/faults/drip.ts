import { Type } from 'typebox';
import type { Deliver } from '../ca/context.ts';
import type { CaFault } from './fault.ts';
import { delivering, Effect } from './unanswered.ts';

const Takes = Type.Object({
  ...Effect,
  /** Between two bytes. */
  seconds: Type.Number({ minimum: 0.001, maximum: 3_600 }),
});

/** The answer begins, and goes on with white space, byte by byte, without an end. */
export const drip: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ takes_effect: takesEffect, seconds }) => delivering(dripping(seconds), takesEffect),
};

const dripping =
  (seconds: number): Deliver =>
  (response, { status, headers }) => {
    const endless = Object.entries(headers).filter(([name]) => name !== 'content-length');
    response.writeHead(status, { 'content-type': 'application/json', ...Object.fromEntries(endless) });
    const timer = setInterval(() => response.write(' '), seconds * 1_000);
    response.on('close', () => clearInterval(timer));
  };
