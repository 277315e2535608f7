/** Clients without SNI: served by the address that they reach, where it stands for a host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shaken } from '../../../test/support/edge/given-edge.ts';
import {
  fingerprintIn,
  type GivenService,
  givenPack,
  givenService,
  quiet,
  until,
} from '../../../test/support/edge/given-service.ts';
import { startBundledEdge } from './bundled.ts';
import { hostAt, toHostsByAddress } from './by-address.ts';

test('addresses are told apart whatever they are written like', () => {
  const hosts = toHostsByAddress(['192.0.2.1=A.example.com', '2001:DB8:0::1=b.example.com.']);
  assert.equal(hostAt(hosts, '192.0.2.1'), 'a.example.com');
  assert.equal(hostAt(hosts, '::ffff:192.0.2.1'), 'a.example.com', 'as a socket of both kinds has it');
  assert.equal(hostAt(hosts, '2001:db8::1'), 'b.example.com');
  assert.equal(hostAt(hosts, '2001:db8::1%eth0'), 'b.example.com');
  assert.equal(hostAt(hosts, '192.0.2.2'), undefined);
  assert.equal(hostAt(hosts, undefined), undefined);
});

for (const [text, words] of [
  ['shop.example.com', /must be ADDRESS=HOST/],
  ['192.0.2.1', /must be ADDRESS=HOST/],
  ['192.0.2=shop.example.com', /must be ADDRESS=HOST/],
  ['192.0.2.1=*.example.com', /must be ADDRESS=HOST/],
  ['192.0.2.1=', /must be ADDRESS=HOST/],
  ['::ffff:198.51.100.1=b.example.com', /stands for a\.example\.com already/],
] as const)
  test(`${text} is refused with a sentence`, () => {
    assert.throws(() => toHostsByAddress(['198.51.100.1=a.example.com', text]), words);
  });

async function edgeOn(t: { after(end: () => Promise<void>): void }, service: GivenService, host: string) {
  const byAddress = toHostsByAddress([`${host}=legacy.example.com`]);
  const place = { host: '0.0.0.0', port: 0, environment: 'production', pull: service.path } as const;
  const edge = await startBundledEdge({ ...place, byAddress, log: quiet() });
  t.after(() => edge.close());
  await until(() => edge.stats().isLive);
  return edge;
}

const NO_NAME = { servername: '' };

test('who sends no name is shown what serves by address, in step with changes, and elsewhere nothing', async (t) => {
  const service = await givenService(t);
  const edge = await edgeOn(t, service, '127.0.0.2');
  const leafAt = async (host: string) => {
    const socket = await shaken(edge.port, { ...NO_NAME, host });
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256.replaceAll(':', '').toLowerCase();
  };
  await assert.rejects(leafAt('127.0.0.2'), /alert/);
  const [byName, byAddress, later] = await Promise.all(
    ['a', 'b', 'c'].map(() => givenPack(['legacy.example.com'])),
  );
  assert(byName && byAddress && later);
  service.packs.set('legacy.example.com', byName);
  service.packs.set('legacy.example.com by address', byAddress);
  service.pull.push({ environment: 'production', hosts: ['legacy.example.com'] });
  await until(() => edge.stats().changes === 1);
  assert.equal(await leafAt('127.0.0.2'), fingerprintIn(byAddress, 'ecdsa'));
  await assert.rejects(leafAt('127.0.0.1'), /alert/, 'an address that stands for no host');
  service.packs.set('legacy.example.com by address', later);
  service.pull.push({ environment: 'production', hosts: ['legacy.example.com'] });
  await until(() => edge.stats().changes === 2);
  assert.equal(await leafAt('127.0.0.2'), fingerprintIn(later, 'ecdsa'));
  const { refusals } = edge.stats();
  assert.deepEqual([refusals.no_name, refusals.unknown_name], [1, 1]);
});
