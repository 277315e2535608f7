import { Type } from 'typebox';
import type { CaFault } from './fault.ts';
import { delivering, Effect } from './unanswered.ts';

const Takes = Type.Object(Effect);

/** The request is never answered. */
export const silence: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ takes_effect: takesEffect }) => delivering(() => undefined, takesEffect),
};
