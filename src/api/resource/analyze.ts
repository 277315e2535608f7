import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { type Analysis, analyze } from '../../ca/analyze.ts';
import { Fault } from '../../kit/fault.ts';
import { covers, isInZone } from '../../pack/hosts.ts';
import { ALGORITHMS, type PackKey, type PackZone } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { getChain } from '../../store/next-certificates.ts';
import { getServing } from '../../store/served-hosts.ts';
import type { Pool } from '../../store/store.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';

/** Most characters of PEM that are read. */
const LONGEST = 65_536;

const Body = Type.Optional(
  Type.Union([
    Type.Null(),
    Type.Object({
      certificate: Type.Optional(Type.String({ maxLength: LONGEST })),
      bundle_method: Type.Optional(Type.Enum(['ubiquitous', 'optimal', 'force'])),
    }),
  ]),
);

const Analyzed = Type.Object({
  cert_pack_uuid: Type.Optional(Type.String()),
  hosts: Type.Array(Type.String()),
  hosts_in_zone: Type.Array(Type.String()),
  covers_apex: Type.Boolean(),
  issuer: Type.String(),
  signature: Type.String(),
  key_type: Type.String(),
  serial_number: Type.String(),
  fingerprint_sha256: Type.String(),
  issued_on: Type.String(),
  expires_on: Type.String(),
  status: Type.Enum(['active', 'expired', 'not_yet_valid']),
  bundle_method: Type.String(),
  chain: Type.Object({
    length: Type.Integer(),
    complete: Type.Boolean(),
    problem: Type.Optional(Type.String()),
  }),
});

const POST = {
  operationId: 'analyze-certificate-analyze-certificate',
  summary: 'What a certificate tells; without one, that which is served for the zone’s apex',
  params: Type.Object({ zone_id: Type.String() }),
  body: Body,
  response: okOf(Analyzed),
};

/** Route of POST /zones/{zone_id}/ssl/analyze. */
export const analyzeRoute =
  ({ pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post('/zones/:zone_id/ssl/analyze', { schema: POST }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      const { certificate, bundle_method = 'ubiquitous' } = request.body ?? {};
      const { pack, pem } = certificate === undefined ? await served(pool, zone) : { pem: certificate };
      const isOwn = pack !== undefined && pack.zone.id === zone.id;
      const told = toReply(certificate === undefined ? analyze(pem) : given(pem), zone, clock.now());
      return ok({ ...(isOwn && { cert_pack_uuid: pack.id }), ...told, bundle_method });
    });
  };

/** What the edges show to clients that ask for the zone's apex. Throws `pack_not_found` where that is nothing. */
async function served(
  pool: Pool,
  { name }: PackZone,
): Promise<{ readonly pack: PackKey | undefined; readonly pem: string }> {
  const pack = await getServing(pool, name, 'production');
  for (const algorithm of pack ? ALGORITHMS : []) {
    const pem = pack && (await getChain(pool, pack, algorithm));
    if (pem !== undefined) return { pack, pem };
  }
  throw new Fault(
    'pack_not_found',
    `no certificate pack serves ${name}; send a certificate, or order a pack`,
  );
}

/** As `analyze`, of what was sent. */
function given(pem: string): Analysis {
  try {
    return analyze(pem);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, error.message, { pointer: '/certificate', cause: error.cause });
  }
}

const toReply = ({ leaf, keyType, length, gap }: Analysis, { name }: PackZone, now: Date) => ({
  hosts: [...leaf.hosts],
  hosts_in_zone: leaf.hosts.filter((host) => isInZone(host, name)),
  covers_apex: leaf.hosts.some((host) => covers(host, name)),
  issuer: leaf.issuer,
  signature: leaf.signature,
  key_type: keyType,
  serial_number: leaf.serial,
  fingerprint_sha256: leaf.fingerprint,
  issued_on: toWireTime(leaf.notBefore),
  expires_on: toWireTime(leaf.notAfter),
  status: statusOf(leaf, now),
  chain: { length, complete: gap === undefined, ...(gap !== undefined && { problem: gap }) },
});

function statusOf(
  { notBefore, notAfter }: Analysis['leaf'],
  now: Date,
): 'active' | 'expired' | 'not_yet_valid' {
  if (now > notAfter) return 'expired';
  return now < notBefore ? 'not_yet_valid' : 'active';
}
