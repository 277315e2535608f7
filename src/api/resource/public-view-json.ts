/** How it is told where a name leads: by `host_checks` and by the public view of a pack. */
import { Type } from '@fastify/type-provider-typebox';
import { MOVERS, SITUATION_NAMES } from '../../pack/found.ts';
import { type HostHere, type HostLook, LEADS_TO, missingFor } from '../../pack/host-look.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { oursOf, type PublicView, viewOf } from '../../pack/public-view.ts';

const Mover = Type.Union([Type.Enum([...MOVERS]), Type.Null()]);

export const Viewed = Type.Object({
  host: Type.String(),
  served_at_edges: Type.Boolean(),
  leads_to: Type.Enum([...LEADS_TO]),
  says: Type.String(),
  whose_move: Mover,
  cdn: Type.Optional(Type.String()),
  names: Type.Array(Type.String()),
  addresses: Type.Array(
    Type.Object({
      address: Type.String(),
      is_ours: Type.Boolean(),
      problem: Type.Optional(Type.String()),
      certificate: Type.Optional(
        Type.Object({
          fingerprint_sha256: Type.String(),
          issuer: Type.String(),
          expires_on: Type.String({ format: 'date-time' }),
          hosts: Type.Array(Type.String()),
          is_of_pack: Type.Boolean(),
        }),
      ),
    }),
  ),
  name_servers: Type.Array(
    Type.Object({
      server: Type.String(),
      answers: Type.Array(Type.String()),
      problem: Type.Optional(Type.String()),
    }),
  ),
  situations: Type.Array(
    Type.Object({
      situation: Type.Enum([...SITUATION_NAMES]),
      whose_move: Mover,
      what: Type.String(),
      next_step: Type.String(),
    }),
  ),
  missing: Type.Array(Type.String()),
});

/** A look as the API tells it; `leaves` are fingerprints of the pack that is for the name. */
export function toViewed(look: HostLook, here: HostHere, leaves: readonly string[]) {
  const view = viewOf(look, here);
  const ours = oursOf(look, here);
  const { names, addresses, cdn, signs } = look;
  return {
    host: here.host,
    ...verdict(view),
    ...(cdn !== undefined && { cdn }),
    names: [...names],
    addresses: addresses.map(({ address, certificate, problem }) => ({
      address,
      is_ours: ours.includes(address),
      ...(problem !== undefined && { problem }),
      ...(certificate && { certificate: certificateOf(certificate, leaves) }),
    })),
    name_servers: (signs?.servers ?? []).map(({ server, answers, failure }) => ({
      server,
      answers: [...answers],
      ...(failure !== undefined && { problem: failure }),
    })),
    missing: missingFor(look, { ...here, ours }),
  };
}

const verdict = ({ isServed, leadsTo, says, whose, situations }: PublicView) => ({
  served_at_edges: isServed,
  leads_to: leadsTo,
  says,
  whose_move: whose ?? null,
  situations: situations.map((one) => ({
    situation: one.situation,
    whose_move: one.whose ?? null,
    what: one.what,
    next_step: one.next,
  })),
});

type Certificate = NonNullable<HostLook['addresses'][number]['certificate']>;

const certificateOf = (
  { fingerprint, issuer, expiresOn, hosts }: Certificate,
  leaves: readonly string[],
) => ({
  fingerprint_sha256: fingerprint,
  issuer,
  expires_on: toWireTime(expiresOn),
  hosts: [...hosts],
  is_of_pack: leaves.includes(fingerprint),
});
