/** Restricted certificates in a running system: its service has the private key of the region in which its edges are, and of no other. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { showLeaf } from '../../src/edge/handshake.ts';
import { make, pemOf } from '../support/pki.ts';
import { fingerprintOf } from '../support/uploads.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
let zone_id = '';
before(async () => {
  world = await startDev(['--port', '0']);
  zone_id = (await world.client.zones.create({ account: { id: world.account_id }, name: 'kept.test' })).id;
});
after(() => world?.stop());

async function upload(host: string, terms: object) {
  const made = await make(new Date(), { hosts: [host] });
  const body = {
    certificate: made.pem,
    private_key: pemOf(made),
    bundle_method: 'force',
    type: 'sni_custom',
  } as const;
  const { id, certificate_pack_id: pack } = Object(
    await world.client.customCertificates.create({ zone_id, ...body, ...terms }),
  );
  return { id: String(id), pack: String(pack), leaf: fingerprintOf({ leaf: made.pem }) };
}

it('one for the region of its edges is served by them, and one for another region waits for the operator', async () => {
  const [near, far] = [
    await upload('near.kept.test', { geo_restrictions: { label: 'us' } }),
    await upload('far.kept.test', { policy: '(region: EU) and (not country: FR)' }),
  ];
  const get = (id: string) => world.client.customCertificates.get(id, { zone_id });
  await until(
    () => get(near.id),
    ({ status }) => status === 'active',
  );
  const { production } = world.edges;
  const edge = { name: 'production-1', kind: 'bundled', ...production } as const;
  const shown = async (name: string) =>
    (await showLeaf(edge, { name, algorithm: 'ecdsa' }, AbortSignal.timeout(10_000)))?.fingerprint;
  assert.equal(await shown('near.kept.test'), near.leaf);
  const packs = async () => (await world.client.ssl.certificatePacks.list({ zone_id, status: 'all' })).result;
  const waiting = await until(packs, (all) =>
    all.some((one) => one.id === far.pack && (one.validation_errors ?? []).length > 0),
  );
  const told = waiting.find(({ id }) => id === far.pack);
  assert.equal(told?.status, 'pending_deployment');
  assert.match(
    told?.validation_errors?.[0]?.message ?? '',
    /no production edge here is surely where the policy .* allows its key/,
  );
  const explained = await fetch(`${world.api}/zones/${zone_id}/ssl/certificate_packs/${far.pack}/explain`, {
    headers: { authorization: `Bearer ${world.token}` },
    signal: AbortSignal.timeout(10_000),
  });
  assert.match(await explained.text(), /"whose_move":"operator"/);
  assert.equal(await shown('far.kept.test'), undefined);
});
