import { Type } from 'typebox';
import type { Deliver } from '../ca/context.ts';
import type { Step } from './fault.ts';

/** For faults of the connection: whether the request does at the CA what it asks for, before. */
export const Effect = { takes_effect: Type.Optional(Type.Boolean()) } as const;

/** Delivers the usual answer in another way; where the request is to take no effect, an empty one. */
export const delivering =
  (deliver: Deliver, takesEffect = false): Step =>
  async (exchange, next) =>
    takesEffect ? { ...(await next(exchange)), deliver } : { status: 200, deliver };
