/** Cloudflare's own client has certificates looked at: one that it sends, or that which is served. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import Cloudflare from 'cloudflare';
import { showLeaf } from '../../src/edge/handshake.ts';
import { givenZone, orderOf, reach } from '../support/order.ts';
import { allow, made, resources, send } from '../support/tokens.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

type Ask = Omit<Parameters<Cloudflare['ssl']['analyze']['create']>[0], 'zone_id'>;
interface Told {
  readonly expires_on: string;
  readonly fingerprint_sha256: string;
  readonly chain: { readonly complete: boolean; readonly problem?: string };
}
const ask = async (zone: { id: string }, what: Ask = {}): Promise<Told & Record<string, unknown>> =>
  Object(await world.client.ssl.analyze.create({ zone_id: zone.id, ...what }));

/** A certificate for hosts, signed by its own key. */
function selfSigned(hosts: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'certpacks-analyze-'));
  const names = hosts.map((host) => `DNS:${host}`).join(',');
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-384',
    '-nodes',
    '-keyout',
    join(folder, 'key.pem'),
  ];
  const about = ['-days', '9', '-subj', '/O=Our own/', '-addext', `subjectAltName=${names}`];
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return execFileSync('openssl', ['req', '-x509', ...key, ...about], {
      encoding: 'utf8',
      stdio: [...stdio],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('a certificate that is sent is told of, and what of the zone it covers', async () => {
  const zone = await givenZone(world, 'partial');
  const certificate = selfSigned([`*.${zone.name}`, 'elsewhere.example']);
  const leaf = new X509Certificate(certificate);
  assert.deepEqual(await ask(zone, { certificate }), {
    hosts: [`*.${zone.name}`, 'elsewhere.example'],
    hosts_in_zone: [`*.${zone.name}`],
    covers_apex: false,
    issuer: 'Ourown',
    signature: 'ECDSAWithSHA256',
    key_type: 'p384',
    serial_number: leaf.serialNumber.toLowerCase(),
    fingerprint_sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    issued_on: leaf.validFromDate.toISOString().replace('Z', '000Z'),
    expires_on: leaf.validToDate.toISOString().replace('Z', '000Z'),
    status: 'active',
    bundle_method: 'ubiquitous',
    chain: { length: 1, complete: true },
  });
  const forced = await ask(zone, { certificate: selfSigned([zone.name]), bundle_method: 'force' });
  assert.deepEqual([forced['covers_apex'], forced['bundle_method']], [true, 'force']);
});

it('without a certificate it is the one that the edges show for the apex', async () => {
  const zone = await givenZone(world, 'full');
  await assert.rejects(ask(zone), (error) => {
    assert(error instanceof Cloudflare.NotFoundError);
    assert.match(String(error.errors[0]?.message), new RegExp(`^no certificate pack serves ${zone.name}; `));
    return true;
  });
  const { id } = await world.client.ssl.certificatePacks.create(orderOf(zone));
  const pack = await reach(world, zone.id, id, { status: 'active' });
  const told = await ask(zone);
  const edge = { name: 'production', ...world.edges.production };
  const shown = await showLeaf(edge, { name: zone.name, algorithm: 'ecdsa' }, AbortSignal.timeout(5_000));
  assert.equal(told.fingerprint_sha256, shown?.fingerprint);
  assert.deepEqual([told['cert_pack_uuid'], told.expires_on], [id, pack.certificates[0]?.expires_on]);
  assert.match(told.chain.problem ?? '', /which is no root of Mozilla's list/);
});

it('what is none is refused with a pointer', async () => {
  const zone = await givenZone(world, 'partial');
  const path = `/zones/${zone.id}/ssl/analyze`;
  const BAD: readonly (readonly [object, string])[] = [
    [{ certificate: 'nonsense' }, '/certificate'],
    [{ certificate: '' }, '/certificate'],
    [{ certificate: 7 }, '/certificate'],
    [{ certificate: ' '.repeat(65_537) }, '/certificate'],
    [{ certificate: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' }, '/certificate'],
    [{ bundle_method: 'best' }, '/bundle_method'],
  ];
  for (const [body, pointer] of BAD) {
    const answer = await send(world.api, ['POST', path], world.token, { body });
    assert.deepEqual([answer.status, answer.pointer], [400, pointer], answer.message);
  }
});

it('is for whoever may read the zone’s certificates', async () => {
  const zone = await givenZone(world, 'partial');
  const body = { certificate: selfSigned([zone.name]) };
  const may = async (permission: 'Zone Read' | 'SSL and Certificates Read', id: string) => {
    const policies = [allow([permission], resources({ zones: [id] }))];
    const { value } = await made(world.api, world.token, { policies });
    return (await send(world.api, ['POST', `/zones/${zone.id}/ssl/analyze`], value, { body })).status;
  };
  const elsewhere = await givenZone(world, 'partial');
  assert.deepEqual(
    [
      await may('SSL and Certificates Read', zone.id),
      await may('Zone Read', zone.id),
      await may('SSL and Certificates Read', elsewhere.id),
    ],
    [200, 403, 403],
  );
  const unknown = await send(world.api, ['POST', `/zones/${'0'.repeat(32)}/ssl/analyze`], world.token, {
    body,
  });
  assert.deepEqual([unknown.status, unknown.code], [404, 9109]);
});

it('a recommendation says that no mode of TLS to the origin is chosen here, or can be', async () => {
  const { id } = await givenZone(world, 'partial');
  const { recommendations } = world.client.ssl;
  const { modified_on: on } = await world.client.zones.get({ zone_id: id });
  const { id: _, ...told } = await recommendations.get({ zone_id: id });
  assert.deepEqual(told, { editable: false, modified_on: on, value: 'custom', next_scheduled_scan: null });
  await assert.rejects(recommendations.get({ zone_id: '0'.repeat(32) }), Cloudflare.NotFoundError);
});
