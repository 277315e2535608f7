/** What a custom hostname says of TLS holds for its name, in real handshakes, and for no other name. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { fingerprintIn, givenPack, until } from '../../../test/support/edge/given-service.ts';
import { needs } from '../../../test/support/peers.ts';
import type { HostnameTls } from '../../pack/hostname-tls.ts';
import { ALGORITHMS } from '../../pack/pack.ts';
import { showLeaf } from '../handshake.ts';
import { toLowestTls } from './tls-limits.ts';

const OTHER = 'other.example.com';
const { signal } = new AbortController();

/** Version, suite and protocol that `openssl s_client` agrees on; undefined: it is refused. */
async function agreed(port: number, flags: string, name = NAME): Promise<string | undefined> {
  const to = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', name, '-alpn', 'h2,http/1.1'];
  const child = spawn('openssl', [...to, ...flags.split(' ')], { stdio: ['ignore', 'pipe', 'ignore'] });
  const told = Buffer.concat(await child.stdout.toArray()).toString();
  const suite = /^New, .*, Cipher is (\S+)$/m.exec(told)?.[1];
  const [, version] = /^ +Protocol *: (\S+)$/m.exec(told) ?? /^New, (\S+),/m.exec(told) ?? [];
  const alpn = /^ALPN protocol: (\S+)$/m.exec(told)?.[1];
  return suite === '(NONE)' ? undefined : `${version} ${suite} ${alpn}`;
}

const AES_128 = 'ECDHE-ECDSA-AES128-GCM-SHA256';

const OLD = '-cipher ALL:@SECLEVEL=0';
const USUAL = {
  [`-tls1_1 ${OLD}`]: undefined,
  '-tls1_2': `TLSv1.2 ${AES_128} h2`,
  '-tls1_3': 'TLSv1.3 TLS_AES_128_GCM_SHA256 h2',
};
const BOTH = '-tls1_2 -cipher ECDHE-RSA-AES256-SHA:AES128-SHA';
const SCENES: [HostnameTls | undefined, Record<string, string | undefined>][] = [
  [undefined, USUAL],
  [{ minVersion: '1.3' }, { ...USUAL, '-tls1_2': undefined }],
  [{ maxVersion: '1.2' }, { ...USUAL, '-tls1_3': undefined }],
  [{ http2: false }, { '-tls1_3': 'TLSv1.3 TLS_AES_128_GCM_SHA256 http/1.1' }],
  [
    { minVersion: '1.1' },
    { [`-tls1 ${OLD}`]: undefined, [`-tls1_1 ${OLD}`]: 'TLSv1.1 ECDHE-ECDSA-AES128-SHA h2' },
  ],
  [
    { minVersion: '1.0' },
    { [`-tls1 ${OLD}`]: 'TLSv1 ECDHE-ECDSA-AES128-SHA h2', '-tls1_3': USUAL['-tls1_3'] },
  ],
  [
    { ciphers: ['AES128-SHA', 'ECDHE-RSA-AES256-SHA'] },
    {
      [BOTH]: 'TLSv1.2 AES128-SHA h2',
      [`-tls1_2 -cipher ${AES_128}`]: undefined,
      '-tls1_3': USUAL['-tls1_3'],
    },
  ],
  [{ ciphers: ['DES-CBC3-SHA'] }, { '-tls1_2': undefined, '-tls1_3': USUAL['-tls1_3'] }],
  [undefined, USUAL],
];

test(
  'versions, suites and HTTP/2 are as the hostname says, and other names are as before',
  needs('openssl'),
  async (t) => {
    const upstream = { host: '127.0.0.1', port: 1 };
    const { row, service, bundled, pack } = await givenServedName(t, upstream, {
      alpn: ['h2', 'http/1.1'],
      lowestTls: '1.0',
    });
    service.packs.set(OTHER, await givenPack([OTHER]));
    const tell = async (tls: HostnameTls | undefined) => {
      const { changes } = bundled.stats();
      service.packs.set(NAME, { ...pack, tls });
      service.pull.push({ environment: 'production', hosts: [NAME] });
      await until(() => bundled.stats().changes > changes);
    };
    for (const [tls, wanted] of SCENES) {
      await tell(tls);
      const seen = Object.keys(wanted).map(async (flags) => [flags, await agreed(row.port, flags)]);
      const other = agreed(row.port, '-tls1_2', OTHER);
      assert.deepEqual(Object.fromEntries(await Promise.all(seen)), wanted, JSON.stringify(tls));
      assert.equal(await other, USUAL['-tls1_2'], `of another name: ${JSON.stringify(tls)}`);
    }
    assert.equal(bundled.stats().failures.protocol_version > 0, true);
  },
);

test('whatever a hostname may say, both its leaves can be proven', async (t) => {
  const { row, service, bundled, pack } = await givenServedName(t);
  const all: HostnameTls[] = [
    { minVersion: '1.3' },
    { maxVersion: '1.2', ciphers: ['AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384'] },
    { maxVersion: '1.2', ciphers: ['AES256-SHA256', 'ECDHE-ECDSA-AES128-SHA'] },
  ];
  for (const [i, tls] of all.entries()) {
    service.packs.set(NAME, { ...pack, tls });
    service.pull.push({ environment: 'production', hosts: [NAME] });
    await until(() => bundled.stats().changes === i + 1);
    for (const algorithm of ALGORITHMS) {
      const shown = await showLeaf(row, { name: NAME, algorithm }, signal);
      assert.equal(shown?.fingerprint, fingerprintIn(pack, algorithm), `${algorithm} ${JSON.stringify(tls)}`);
    }
  }
});

test('no session outlives a least version that was raised, nor comes back when it is lowered', async (t) => {
  const { row, service, bundled, pack } = await givenServedName(t);
  const client = await shaken(row.port, { maxVersion: 'TLSv1.2' });
  const session = client.getSession();
  assert.ok(session);
  client.destroy();
  for (const [i, tls] of [{ minVersion: '1.3' } as const, undefined].entries()) {
    service.packs.set(NAME, { ...pack, tls });
    service.pull.push({ environment: 'production', hosts: [NAME] });
    await until(() => bundled.stats().changes === i + 1);
    const again = shaken(row.port, { maxVersion: 'TLSv1.2', session });
    if (tls) await assert.rejects(again, { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    else assert.equal((await again).isSessionReused(), false);
  }
});

test('versions below 1.2 are the operator’s to allow', async (t) => {
  const { row, service, pack } = await givenServedName(t);
  service.packs.set(NAME, { ...pack, tls: { minVersion: '1.0' } });
  const ask = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  await assert.rejects(shaken(row.port, ask), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  assert.equal((await shaken(row.port, { maxVersion: 'TLSv1.2' })).getProtocol(), 'TLSv1.2');
  assert.equal(toLowestTls('1.1'), '1.1');
  for (const text of ['1.3', '', 'TLSv1']) assert.throws(() => toLowestTls(text), { fault: 'configuration' });
});
