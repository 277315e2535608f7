import { Type } from 'typebox';
import type { CaFault } from './fault.ts';
import { delivering, Effect } from './unanswered.ts';

const Takes = Type.Object({
  ...Effect,
  /** What goes over the connection, one byte a character (ISO 8859-1). */
  text: Type.String({ pattern: '^[\\x00-\\xff]*$' }),
  /** Whether the connection stays open after it. */
  stays_open: Type.Optional(Type.Boolean()),
});

/** Other bytes than an HTTP answer. */
export const raw: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ takes_effect: takesEffect, text, stays_open: staysOpen = false }) =>
    delivering(({ socket }) => {
      if (staysOpen) socket?.write(text, 'latin1');
      else socket?.end(text, 'latin1');
    }, takesEffect),
};
