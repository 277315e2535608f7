/** Whether a zone is bogus, by BIND with zones that were signed by its own tools. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { freePortAt, needsDnsServers, startBind, zoneFile } from '../../../test/support/dns-servers.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { findBogus } from './dnssec.ts';
import { IterativeResolver } from './iterative-resolver.ts';
import { ServerMemory } from './server-memory.ts';
import { Suffixes } from './suffixes.ts';

const [PARENT, CHILD] = ['127.0.76.1', '127.0.76.2'];
const run = promisify(execFile);
const ends = new AsyncDisposableStack();
const needs = needsDnsServers();
let port = 0;

/** Signs a zone as BIND does; its text, and its DS as a line of the parent. */
async function signed(
  zone: string,
  algorithm = 'ECDSAP256SHA256',
): Promise<{ readonly text: string; readonly ds: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'certpacks-signed-'));
  ends.defer(() => rm(dir, { recursive: true, force: true }));
  const at = { cwd: dir, timeout: 60_000 };
  await run('dnssec-keygen', ['-a', algorithm, '-f', 'KSK', zone], at);
  await run('dnssec-keygen', ['-a', algorithm, zone], at);
  const lines = [`@ A 192.0.2.1`, 'www CNAME @', '_acme-challenge TXT "x"', '*.wild TXT "y"'];
  await writeFile(join(dir, 'zone'), zoneFile(['ns.host.test.'], lines));
  await run('dnssec-signzone', ['-S', '-o', zone, '-f', 'out', 'zone'], at);
  const ds = (await readFile(join(dir, `dsset-${zone}.`), 'utf8')).trim().split('\n');
  return { text: await readFile(join(dir, 'out'), 'utf8'), ds: ds.join('\n') };
}

before(async () => {
  if (needs.skip !== false) return;
  const [good, rsa, edwards, other, changed] = await Promise.all([
    signed('good.test'),
    signed('rsa.test', 'RSASHA256'),
    signed('edwards.test', 'ED25519'),
    signed('other.test'),
    signed('changed.test'),
  ]);
  const zones = { 'good.test': good, 'rsa.test': rsa, 'edwards.test': edwards };
  const names = [...Object.keys(zones), 'other.test', 'changed.test', 'plain.test', 'bare.test'];
  const parent = zoneFile(
    ['ns.test.'],
    [
      ...names.map((name) => `${name}. NS ns.host.test.`),
      `ns.test. A ${PARENT}`,
      'host.test. NS ns.host.test.',
      `ns.host.test. A ${CHILD}`,
      ...[good, rsa, edwards, changed].map(({ ds }) => ds),
      // The keys of one zone, named for others.
      good.ds.replaceAll('good.test.', 'other.test.'),
      good.ds.replaceAll('good.test.', 'bare.test.'),
    ],
  );
  port = await freePortAt([PARENT, CHILD]);
  const texts = Object.fromEntries(Object.entries(zones).map(([zone, { text }]) => [zone, text]));
  const served = {
    ...texts,
    'other.test': other.text,
    'changed.test': changed.text.replaceAll('192.0.2.1', '192.0.2.9'),
    'plain.test': zoneFile(['ns.host.test.'], ['@ A 192.0.2.1']),
    'bare.test': zoneFile(['ns.host.test.'], ['@ A 192.0.2.1']),
    'host.test': zoneFile(['ns.host.test.'], [`ns A ${CHILD}`]),
  };
  const root = zoneFile(['ns.test.'], [`ns.test. A ${PARENT}`, 'test. NS ns.test.']);
  for (const [address, held] of [
    [PARENT, { '.': root, test: parent }],
    [CHILD, served],
  ] as const) {
    const server = await startBind({ address, port, zones: held });
    ends.defer(() => server.stop());
  }
});
after(() => ends.disposeAsync());

function look(name: string, type: 'A' | 'TXT' = 'A', now = new Date()) {
  const clock = new VirtualClock();
  const memory = { suffixes: new Suffixes(clock), servers: new ServerMemory() };
  const scope = { roots: [PARENT], port, allow: ['127.0.0.0/8'], ipv6: false, ...memory };
  return findBogus(new IterativeResolver(scope, AbortSignal.timeout(20_000)), { name, type }, now);
}

test('a zone that is signed as its parent says is not bogus, by whichever algorithm', needs, async () => {
  for (const zone of ['good.test', 'rsa.test', 'edwards.test']) {
    assert.equal(await look(zone), undefined, zone);
    assert.equal(await look(`www.${zone}`), undefined, zone);
    assert.equal(await look(`_acme-challenge.${zone}`, 'TXT'), undefined, zone);
    assert.equal(await look(`made.up.wild.${zone}`, 'TXT'), undefined, zone);
    assert.equal(await look(`missing.${zone}`), undefined, zone);
  }
  assert.equal(await look('plain.test'), undefined);
});

test(
  'keys that the parent does not name, none, signatures that ended and records that were changed are bogus',
  needs,
  async () => {
    const why = async (name: string, now?: Date) => (await look(name, 'A', now))?.why ?? '';
    const later = new Date(Date.now() + 60 * 86_400_000);
    assert.match(
      await why('other.test'),
      /^the DS records at the parent name the key \d+, and the zone has the keys \d+/,
    );
    assert.match(await why('bare.test'), /^the zone has no keys, and its parent has DS records for some/);
    assert.match(
      await why('good.test', later),
      /^the keys of the zone have signatures that ended at 20\d\d-/,
    );
    assert.match(await why('changed.test'), /^the records of changed\.test have no signature that is right/);
    assert.equal((await look('other.test'))?.server, `ns.host.test (${CHILD})`);
  },
);
