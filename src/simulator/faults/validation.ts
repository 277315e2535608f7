import { Type } from 'typebox';
import { Refusal } from '../ca/problems.ts';
import type { CaFault } from './fault.ts';
import { Problem } from './problem.ts';

const Takes = Type.Object({
  /** Whether control is found. */
  found: Type.Boolean(),
  /** Why it is not; `unauthorized` unless told. */
  problem: Type.Optional(Problem),
  detail: Type.Optional(Type.String()),
});

/** On `challenge`: control is found, or not, whatever is shown. */
export const validation: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ found, problem = 'unauthorized', detail = 'control was not found' }) => {
    const { document } = new Refusal(problem, detail);
    const validate = async () => (found ? undefined : document);
    return (exchange, next) => next({ ...exchange, ca: { ...exchange.ca, validate } });
  },
};
