import { type Static, Type } from 'typebox';
import { REQUEST_KINDS } from '../ca/request-kind.ts';

const Kind = Type.Enum([...REQUEST_KINDS]);
const Count = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });

/** The requests that a rule is for: those that match, and of these, those that it is the turn of. */
export const WHEN = {
  /** Kinds of requests; all without it. */
  on: Type.Optional(Type.Union([Kind, Type.Array(Kind, { minItems: 1 })])),
  /** A host that the request is about, as it was ordered. */
  host: Type.Optional(Type.String()),
  /** Algorithm of the certificate's key, from finalize on. */
  algorithm: Type.Optional(Type.Enum(['ecdsa', 'rsa'])),
  /** A member of the payload, whatever its value. */
  with: Type.Optional(Type.String()),
  /** The n-th request that matches alone, from 1. */
  at: Type.Optional(Count),
  /** From the n-th on. */
  from: Type.Optional(Count),
  /** Each n-th of these. */
  every: Type.Optional(Count),
  /** At most so often. */
  times: Type.Optional(Count),
} as const;

const Shape = Type.Object(WHEN);
/** The requests that a rule is for. */
export type When = Static<typeof Shape>;
