import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { packNotFound } from '../../operation/locked-pack.ts';
import { changeableOn } from '../../operation/spend-wish.ts';
import { type Explanation, explain } from '../../pack/explanation.ts';
import { type Evidence, MOVERS, SITUATION_NAMES, WITNESSES } from '../../pack/found.ts';
import { type IdleSettings, tlsOf } from '../../pack/hostname-tls.ts';
import { toName } from '../../pack/hosts.ts';
import { tokenIn } from '../../pack/key-elsewhere.ts';
import { PACK_STATUSES, type Pack, RUN_KINDS } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import type { CoveredName } from '../../pack/serving-notes.ts';
import { isOfHostname } from '../../pack/type.ts';
import { listHeirs } from '../../store/heirs.ts';
import { listHostnameSettings } from '../../store/hostname-settings.ts';
import { getAside } from '../../store/pack-aside.ts';
import { getPack } from '../../store/packs.ts';
import type { Pool } from '../../store/store.ts';
import { type KnownTokenKey, listTokenKeys } from '../../store/token-keys.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { packId } from './pack-id.ts';

const Instant = Type.Optional(Type.String({ format: 'date-time' }));
const Explained = Type.Object({
  id: Type.String(),
  hosts: Type.Array(Type.String()),
  status: Type.Enum([...PACK_STATUSES]),
  run: Type.Enum([...RUN_KINDS]),
  stage: Type.Enum([...PACK_STATUSES]),
  waits_for: Type.String(),
  whose_move: Type.Union([Type.Enum([...MOVERS]), Type.Null()]),
  next_step: Type.String(),
  situation: Type.Optional(Type.Enum([...SITUATION_NAMES])),
  reasons: Type.Array(Type.String()),
  notes: Type.Array(Type.String()),
  since: Type.String({ format: 'date-time' }),
  deadline: Instant,
  after_deadline: Type.Optional(Type.Enum([...PACK_STATUSES])),
  next_look_on: Instant,
  attempts: Type.Integer(),
  renewal: Type.Optional(
    Type.Object({
      planned_on: Instant,
      asked_on: Instant,
      begun_on: Instant,
      given_up_on: Instant,
      certificates_end_on: Instant,
    }),
  ),
  evidence: Type.Array(
    Type.Object({
      by: Type.Enum([...WITNESSES]),
      who: Type.String(),
      about: Type.String(),
      said: Type.String(),
      at: Type.String({ format: 'date-time' }),
    }),
  ),
  records: Type.Array(
    Type.Object({
      purpose: Type.Enum(['validation', 'delegation', 'zone']),
      type: Type.Enum(['TXT', 'CNAME', 'NS']),
      name: Type.String(),
      value: Type.String(),
      ttl: Type.Integer(),
      line: Type.String(),
    }),
  ),
  files: Type.Array(Type.Object({ url: Type.String(), body: Type.String() })),
});

const SCHEMA = {
  operationId: 'explain-certificate-pack',
  summary: 'What a certificate pack waits for: whose move it is, until when, who answered what, what to do',
  params: Type.Object({ zone_id: Type.String(), certificate_pack_id: Type.String() }),
  response: okOf(Explained),
};

/** Route of GET /zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}/explain. */
export const explainRoute =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const path = '/zones/:zone_id/ssl/certificate_packs/:certificate_pack_id/explain';
    app.get(path, { schema: SCHEMA }, async (request) => {
      const zone = zoneOf(request, request.params.zone_id, 'SSL and Certificates Read');
      return ok(await explained(deps, zone, packId(request.params.certificate_pack_id)));
    });
  };

async function explained(deps: ApiDeps, zone: Zone, id: string) {
  const { pool, clock, json, zonePolicy } = deps;
  const now = clock.now();
  const pack = await getPack(pool, zone.id, id);
  if (!pack) throw packNotFound(id);
  const [aside, changeable, covered, keys, idle] = await Promise.all([
    getAside(pool, pack, now),
    changeableOn(pool, pack, now),
    coveredNames(pool, pack),
    listTokenKeys(pool, pack),
    idleOf(deps, pack),
  ]);
  if (!aside) throw packNotFound(id);
  const { nameServers = zonePolicy.nameServers, verificationKey, wantsText } = zone;
  const control = { nameServers, verificationKey, wantsText };
  const tokens = tokensOf(keys);
  const facts = { ...aside, now, control, covered, json, changeableOn: changeable, tokens, idle };
  const explanation = explain(pack, facts);
  return { id, hosts: [...pack.hosts], ...toWire(explanation) };
}

/** What edges do not apply of what the hostname of a pack says. */
async function idleOf({ pool, edgeTerms }: ApiDeps, pack: Pack): Promise<IdleSettings[]> {
  if (!edgeTerms || !isOfHostname(pack)) return [];
  const tls = tlsOf((await listHostnameSettings(pool, [pack])).get(pack.id) ?? {});
  return tls ? edgeTerms.idleSettings(pack.environment, tls) : [];
}

/** Labels of the tokens in which keys are that a pack uses. */
const tokensOf = (keys: readonly KnownTokenKey[]): string[] => [
  ...new Set(keys.flatMap(({ uri, isUsed, retiredOn }) => (isUsed && !retiredOn ? tokenIn(uri) : []))),
];

/** Most names of a pack of which is told what serves them. */
const MOST_NAMES = 10;

const coveredNames = (pool: Pool, { hosts, environment }: Pack): Promise<CoveredName[]> =>
  Promise.all(
    hosts.slice(0, MOST_NAMES).map(async (host) => {
      const name = toName(host);
      return { name, candidates: await listHeirs(pool, name, environment) };
    }),
  );

function toWire(it: Explanation) {
  return {
    status: it.status,
    run: it.run,
    stage: it.stage,
    waits_for: it.waitsFor,
    whose_move: it.whoseMove ?? null,
    next_step: it.nextStep,
    ...(it.situation && { situation: it.situation }),
    reasons: [...it.reasons],
    notes: [...it.notes],
    since: toWireTime(it.since),
    ...instants({ deadline: it.deadline }),
    ...(it.deadline && it.afterDeadline && { after_deadline: it.afterDeadline }),
    ...instants({ next_look_on: it.nextLookOn }),
    attempts: it.attempts,
    ...(it.renewal && { renewal: renewalOf(it.renewal) }),
    evidence: it.evidence.map(toEvidence),
    records: it.records.map((record) => ({ ...record })),
    files: it.files.map((file) => ({ ...file })),
  };
}

const toEvidence = ({ at, ...one }: Evidence) => ({ ...one, at: toWireTime(at) });

const renewalOf = (times: NonNullable<Explanation['renewal']>) =>
  instants({
    planned_on: times.plannedOn,
    asked_on: times.askedOn,
    begun_on: times.begunOn,
    given_up_on: times.givenUpOn,
    certificates_end_on: times.certificatesEndOn,
  });

/** Those that there are, as the API writes instants. */
const instants = (all: Readonly<Record<string, Date | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(all).flatMap(([name, one]) => (one ? [[name, toWireTime(one)]] : [])));
