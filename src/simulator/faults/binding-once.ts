import { Type } from 'typebox';
import { refusing } from '../ca/message.ts';
import { Refusal } from '../ca/problems.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({});

/** On `new-account`: an external account binding is taken once, whoever shows it again. */
export const bindingOnce: CaFault<typeof Takes> = {
  takes: Takes,
  step: () => (exchange, next) => {
    const { ca, payload = {} } = exchange;
    const isUsed = [...ca.ledger.accounts.values()].some(({ binding }) => binding !== undefined);
    if (!isUsed || payload['externalAccountBinding'] === undefined) return next(exchange);
    const words = 'the account is not awaiting external account binding';
    return refusing(new Refusal('malformed', words).document);
  },
};
