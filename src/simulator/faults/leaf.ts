import { type Static, Type } from 'typebox';
import { after } from '../../kit/time.ts';
import type { LeafRequest, Signing } from '../ca/signing.ts';
import type { CaFault } from './fault.ts';

const FURTHEST = 315_576_000;
const Hex = (pattern: string) => Type.String({ pattern, maxLength: 20_000 });

const Takes = Type.Object({
  /** Hosts in place of those that were ordered. */
  names: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
  /** Another key than that of the request. */
  key: Type.Optional(Type.Enum(['other'])),
  /** Seconds from when it would begin otherwise; negative for earlier. */
  starts_in_s: Type.Optional(Type.Number({ minimum: -FURTHEST, maximum: FURTHEST })),
  /** Seconds from its begin to its end. */
  lasts_s: Type.Optional(Type.Number({ minimum: 1, maximum: FURTHEST })),
  is_ca: Type.Optional(Type.Boolean()),
  /** Hexadecimal. */
  serial: Type.Optional(Hex('^([0-9a-f]{2}){1,20}$')),
  /** DER of the extension in hexadecimal, whatever it is; empty for a leaf without it. */
  subject_alt_name: Type.Optional(Hex('^([0-9a-f]{2})*$')),
});

/** On `finalize`: the certificate is not what was ordered. */
export const leaf: CaFault<typeof Takes> = {
  takes: Takes,
  step: (told) => (exchange, next) => {
    const signing = async (): Promise<Signing> => {
      const usual = await exchange.ca.signing();
      return { ...usual, issue: (request) => usual.issue(changed(request, told)) };
    };
    return next({ ...exchange, ca: { ...exchange.ca, signing } });
  },
};

type Told = Static<typeof Takes>;

function changed(request: LeafRequest, told: Told): LeafRequest {
  const { names = request.names, starts_in_s: startsIn = 0, lasts_s: length } = told;
  const notBefore = after(request.notBefore, startsIn);
  const notAfter = length === undefined ? after(request.notAfter, startsIn) : after(notBefore, length);
  return { ...request, names, notBefore, notAfter, oddities: odditiesOf(told) };
}

const odditiesOf = ({ key, is_ca: isCa, serial, subject_alt_name: names }: Told) => ({
  ...(key && { hasOtherKey: true }),
  ...(isCa && { isCa }),
  ...(serial !== undefined && { serial }),
  ...(names !== undefined && { subjectAltName: Buffer.from(names, 'hex') }),
});
