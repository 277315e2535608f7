import { Type } from 'typebox';
import type { Deliver } from '../ca/context.ts';
import type { CaFault } from './fault.ts';
import { delivering, Effect } from './unanswered.ts';

const Takes = Type.Object({
  ...Effect,
  /** How much of the usual answer's content is sent before; without it, not even a head is. The request takes effect. */
  after_bytes: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** The connection is cut. */
export const cut: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ takes_effect: takesEffect, after_bytes: length }) =>
    length === undefined
      ? delivering((response) => void response.destroy(), takesEffect)
      : delivering(breakingOff(length), true),
};

const breakingOff =
  (length: number): Deliver =>
  (response, { status, headers, content }) => {
    response.writeHead(status, headers);
    response.write(content.subarray(0, length), () => response.destroy());
  };
