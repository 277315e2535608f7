/** What a fixture file pins is there under its own ids, and comes back whatever a client does to it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type Cloudflare from 'cloudflare';
import { newClient } from '../support/client.ts';
import { type DevWorld, startDev } from '../support/world.ts';

const FILE = fileURLToPath(new URL('../../examples/fixtures/documentation.json', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** The id of the documentation's zone, of one of its records and packs, and by which its account goes too. */
const ID = '023e105f4ecef8ad9ca31a8372d0c353';
const PACKS = [
  '023e105f-4ece-f8ad-9ca3-1a8372d0c353',
  '3822ff90-ea29-44df-9e55-21300bb9419b',
  'a77f8bd7-3b47-46b4-a6f1-75cf98109948',
];
const TOKEN = 'ed17574386854bf78a67040be0a770b0';
const zone = { zone_id: ID } as const;

let world: DevWorld;
let client: Cloudflare;
before(async () => {
  world = await startDev(['--port', '0', '--fixtures', FILE]);
  const user = { apiEmail: 'user@example.com', apiKey: '144c9defac04969c7bfad8efaa8ea194' };
  client = newClient({ ...user, baseURL: world.api });
});
after(() => world?.stop());

const pack = (id = ID) => client.ssl.certificatePacks.get(id, zone);

it('has its zone and its packs', async () => {
  const { name } = await client.zones.get(zone);
  assert.equal(name, 'example.com');
  const ids: string[] = [];
  for await (const one of client.ssl.certificatePacks.list({ ...zone, status: 'all' }))
    if (one.type === 'advanced') ids.push(one.id);
  assert.deepEqual(ids.toSorted(), PACKS);
});

it('has a custom certificate again on the next access after it was deleted, and shows it as a pack', async () => {
  const id = '2458ce5a-0c35-4c7f-82c7-8e9487d3ff60';
  for (let i = 0; i < 2; i++) {
    const { hosts, bundle_method } = await client.customCertificates.get(id, zone);
    assert.deepEqual([hosts, bundle_method], [['custom.example.com'], 'force']);
    const packs = (await client.ssl.certificatePacks.list({ ...zone, status: 'all' })).result;
    assert(
      packs.some(({ type, primary_certificate }) => type === 'legacy_custom' && primary_certificate === id),
    );
    await client.customCertificates.delete(id, zone);
  }
});

it('takes its bearer tokens beside the key of its user', async () => {
  const { status } = await world.clientOf('Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY').user.tokens.verify();
  assert.equal(status, 'active');
});

it('has a pack again on the next access after it was deleted, ordered anew', async () => {
  for (let i = 0; i < 3; i++) {
    const deleted = await client.ssl.certificatePacks.delete(ID, zone);
    assert.equal(deleted.id, PACKS[0]);
    const { status, hosts } = await pack();
    assert(['initializing', 'pending_validation', 'pending_issuance'].includes(status), status);
    assert.deepEqual(hosts, ['example.com', '*.example.com', 'www.example.com']);
  }
  await client.ssl.certificatePacks.edit(ID, zone);
  const edited = await client.ssl.verification.edit(PACKS[2] ?? '', { ...zone, validation_method: 'txt' });
  assert.equal(edited.validation_method, 'txt');
});

it('has its zone again with all that is pinned in it, and answers who wants to make it', async () => {
  await client.zones.delete(zone);
  assert.equal((await client.zones.get(zone)).name, 'example.com');
  assert.equal((await pack(PACKS[1])).id, PACKS[1]);
  const made = await client.zones.create({ account: { id: ID }, name: 'example.com', type: 'full' });
  assert.equal(made.id, ID);
});

it('has its record again, and takes the same record twice', async () => {
  await client.dns.records.delete(ID, zone);
  assert.equal((await client.dns.records.get(ID, zone)).name, 'www.example.com');
  const record = { name: 'example.com', type: 'A', ttl: 3600, content: '198.51.100.4' } as const;
  const first = await client.dns.records.create({ ...zone, ...record });
  const second = await client.dns.records.create({ ...zone, ...record });
  assert.notEqual(second.id, first.id);
  assert.equal((await client.dns.records.update(ID, { ...zone, ...record })).id, ID);
});

it('takes what a client’s suite asks of Total TLS, as often as it asks, by key and by token', async () => {
  const byToken = world.clientOf('Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY');
  const on = { enabled: true, certificate_authority: 'google', validity_period: 90 };
  for (const { acm } of [client, byToken, client]) {
    assert.equal((await acm.totalTLS.get(zone)).validity_period, 90);
    assert.equal((await acm.totalTLS.update({ ...zone, enabled: true })).enabled, true);
    const wish = { ...zone, enabled: true, certificate_authority: 'google' } as const;
    for (const write of ['update', 'edit'] as const) assert.deepEqual(await acm.totalTLS[write](wish), on);
    assert.deepEqual(await acm.totalTLS.edit({ ...zone, enabled: true }), on);
  }
});

it('has a token again as it was after it was rolled or deleted', async () => {
  await client.user.tokens.value.update(TOKEN, { body: {} });
  await client.user.tokens.delete(TOKEN);
  assert.equal((await client.user.tokens.get(TOKEN)).id, TOKEN);
  const own = world.clientOf('8M7wS6hCpXVc-DoRnPPY_UCWPgy8aea4Wy6kCe5T');
  assert.equal((await own.user.tokens.verify()).id, TOKEN);
});
it('a fixture file that is wrong is refused before anything starts, with the place in it', {
  timeout: 60_000,
}, (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-fixtures-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'wrong.json');
  for (const [text, told] of [
    ['{', /cannot be read as JSON/],
    [JSON.stringify({ account: { id: 'x', name: 'x' } }), /\/account\/id/],
    [
      JSON.stringify({ account: { id: ID, name: 'x' }, zones: [{ id: ID, name: 'x.test', type: 'full' }] }),
      /\/zones\/0\/id/,
    ],
  ] as const) {
    writeFileSync(file, text);
    const options = { encoding: 'utf8', timeout: 30_000 } as const;
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'dev', '--fixtures', file], options);
    assert.notEqual(status, 0);
    assert.match(stderr, told);
  }
});
