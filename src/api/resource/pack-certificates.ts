import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { type ChainLink, linksIn } from '../../ca/chain-links.ts';
import { packNotFound } from '../../operation/locked-pack.ts';
import { ALGORITHMS, PROVERS } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { listChains } from '../../store/certificates.ts';
import { type EdgeHandshakes, listHandshakes } from '../../store/deployments.ts';
import { getRenderedJson } from '../../store/rendered-json.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { packId } from './pack-id.ts';

const Params = Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() });

const Link = Type.Object({
  subject: Type.String(),
  issuer: Type.String(),
  serial_number: Type.String(),
  fingerprint_sha256: Type.String(),
  not_before: Type.String(),
  not_after: Type.String(),
});
const Chain = Type.Object({
  id: Type.String(),
  algorithm: Type.Enum([...ALGORITHMS]),
  is_coming: Type.Boolean(),
  chain: Type.Array(Link),
  pem: Type.String(),
});
const CERTIFICATES = {
  operationId: 'list-certificate-pack-chains',
  summary: 'The certificates of a certificate pack with their chains, leaf first; never a key',
  params: Params,
  response: okOf(Type.Array(Chain)),
};

const Leaves = Type.Object({ ecdsa: Type.Optional(Type.String()), rsa: Type.Optional(Type.String()) });
const Edge = Type.Object({
  edge: Type.String(),
  is_shown: Type.Boolean(),
  wanted: Leaves,
  shown: Leaves,
  proved_by: Type.Array(Type.Enum([...PROVERS])),
  seen_on: Type.Optional(Type.String()),
  problem: Type.Optional(Type.String()),
});
const EDGES = {
  operationId: 'list-certificate-pack-edges',
  summary:
    'The edges that a certificate pack was given to: what each is to show, and what handshakes with it showed',
  params: Params,
  response: okOf(Type.Array(Edge)),
};

const PACK = '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id';

/** Routes of …/certificate_packs/{certificate_pack_id}/certificates and …/edges: what a pack consists of, and who shows it. */
export const packCertificatesRoute =
  ({ pool }: Pick<ApiDeps, 'pool'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(`${PACK}/certificates`, { schema: CERTIFICATES }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, PERMISSION);
      const id = packId(request.params.certificate_pack_id);
      const chains = await listChains(pool, { id, zone });
      if (chains.length === 0) await demandPack(pool, zone.id, id);
      return ok(
        chains.map(({ chain, isComing, ...one }) => ({
          ...one,
          is_coming: isComing,
          chain: linksIn(chain).map(toLink),
          pem: chain,
        })),
      );
    });

    app.get(`${PACK}/edges`, { schema: EDGES }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, PERMISSION);
      const id = packId(request.params.certificate_pack_id);
      const edges = await listHandshakes(pool, { id, zone });
      if (edges.length === 0) await demandPack(pool, zone.id, id);
      return ok(edges.map(toEdge));
    });
  };

const PERMISSION = 'SSL and Certificates Read';

async function demandPack(pool: ApiDeps['pool'], zoneId: string, id: string): Promise<void> {
  if (!(await getRenderedJson(pool, zoneId, id))) throw packNotFound(id);
}

const toLink = ({
  subject,
  issuer,
  serial,
  fingerprint,
  notBefore,
  notAfter,
}: ChainLink): Static<typeof Link> => ({
  subject,
  issuer,
  serial_number: serial,
  fingerprint_sha256: fingerprint,
  not_before: toWireTime(notBefore),
  not_after: toWireTime(notAfter),
});

function toEdge({ edge, wanted, shown, seenOn, provedBy, problem }: EdgeHandshakes): Static<typeof Edge> {
  return {
    edge,
    is_shown: seenOn !== undefined && wanted.ecdsa === shown.ecdsa && wanted.rsa === shown.rsa,
    wanted: toLeaves(wanted),
    shown: toLeaves(shown),
    proved_by: [...provedBy],
    ...(seenOn && { seen_on: toWireTime(seenOn) }),
    ...(problem !== undefined && { problem }),
  };
}

const toLeaves = ({ ecdsa, rsa }: EdgeHandshakes['wanted']): Static<typeof Leaves> => ({
  ...(ecdsa !== null && { ecdsa }),
  ...(rsa !== null && { rsa }),
});
