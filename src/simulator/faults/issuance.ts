import { Type } from 'typebox';
import { Refusal } from '../ca/problems.ts';
import type { Signing } from '../ca/signing.ts';
import type { CaFault } from './fault.ts';
import { Problem } from './problem.ts';

const Takes = Type.Object({
  problem: Problem,
  detail: Type.Optional(Type.String()),
});

/** On `finalize`: the request is taken, and no certificate issued; the order is then invalid. */
export const issuance: CaFault<typeof Takes> = {
  takes: Takes,
  step: ({ problem, detail = problem }) => {
    const issue: Signing['issue'] = () => Promise.reject(new Refusal(problem, detail));
    return (exchange, next) => {
      const signing = async () => ({ ...(await exchange.ca.signing()), issue });
      return next({ ...exchange, ca: { ...exchange.ca, signing } });
    };
  },
};
