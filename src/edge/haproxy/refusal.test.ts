import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type GivenHaproxy, givenHaproxy, haproxyNeeds } from '../../../test/support/edge/given-haproxy.ts';
import { quiet } from '../../../test/support/edge/given-service.ts';
import { givenPlaced, heldOf, leafIn } from '../../../test/support/edge/placed-packs.ts';
import { make, pemOf } from '../../../test/support/pki.ts';
import type { PlacedPack } from '../driver.ts';
import { showLeaf } from '../handshake.ts';
import { haproxyDriver } from './haproxy.ts';

const HAPROXY = haproxyNeeds();

const { signal } = new AbortController();

/** Another text in the place of parts of a pack. */
const spoilt = (pack: PlacedPack, chain: (pem: string) => string, key = (pem: string) => pem): PlacedPack => {
  const { ecdsa = { chain: '', key: '' } } = pack.certificates;
  return { ...pack, certificates: { ecdsa: { chain: chain(ecdsa.chain), key: key(ecdsa.key) } } };
};

test('nothing in a pack becomes a command, a line or a path', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const good = await givenPlaced(['good.example.com']);
  const named = (name: string): PlacedPack => ({ ...good, packId: crypto.randomUUID(), names: [name] });
  const bad = [
    ...[
      'a.example.com\n/etc/passwd',
      'a b.example.com',
      'a.example.com;show info',
      '<<',
      '!a.example.com',
      '',
    ].map(named),
    ...[
      '[alpn h2]',
      '../x.example.com',
      '*',
      'a.*.example.com',
      '#a.example.com',
      'A.EXAMPLE.COM',
      'a..b',
    ].map(named),
    { ...good, packId: '../../etc/cron.d/x' },
    { ...good, packId: `${crypto.randomUUID()}\nshow info` },
    { ...good, packId: crypto.randomUUID(), names: [] },
    { ...good, packId: crypto.randomUUID(), certificates: {} },
  ];
  const refused = await edge.apply([good, ...bad], signal);
  assert.deepEqual(
    refused.map(({ packId }) => packId),
    bad.map(({ packId }) => packId),
  );
  assert.deepEqual(await edge.inventory(signal), [heldOf(good)]);
  assert.equal(readdirSync(haproxy.folder).length, 2);
  // What is around and between the certificates is left out, and lines are written anew.
  const odd = spoilt(good, (pem) => `\n\nshow info\n${pem.replaceAll('\n', '\r\n')}\n<<\n\ndel ssl cert x\n`);
  assert.deepEqual(await edge.apply([odd], signal), []);
  const [file = ''] = readdirSync(haproxy.folder);
  assert.doesNotMatch(readFileSync(join(haproxy.folder, file), 'utf8'), /\n\n|\r|show|del|<</);
});

test(
  'a certificate that HAProxy would not start with is refused, and what was there stays',
  HAPROXY,
  async (t) => {
    const { haproxy, edge } = await givenHaproxy(t);
    const good = await givenPlaced(['a.example.com']);
    await edge.apply([good], signal);
    const other = pemOf(await make(new Date()));
    const weak = await make(new Date(), { kind: 'rsa1024', hosts: ['a.example.com'] });
    const withKey = (key: string) =>
      spoilt(
        good,
        (pem) => pem,
        () => key,
      );
    const bad = [
      [withKey(other), /does not belong to its certificate/],
      [spoilt(good, () => 'no PEM'), /cannot be read/],
      [withKey('no key'), /cannot be read/],
      [withKey('pkcs11:object=x'), /stays with its owner/],
      [
        { ...good, certificates: { rsa: good.certificates.ecdsa ?? { chain: '', key: '' } } },
        /of another algorithm/,
      ],
      [
        { ...good, certificates: { rsa: { chain: weak.pem, key: pemOf(weak) } } },
        /HAProxy says: .*unable to load/,
      ],
    ] as const;
    for (const [pack, why] of bad) {
      const [refused] = await edge.apply([pack], signal);
      assert.match(refused?.why ?? '', why);
      assert.doesNotMatch(refused?.why ?? '', /PRIVATE|MII/);
      assert.deepEqual(await edge.inventory(signal), [heldOf(good)]);
    }
    await haproxy.reload();
    assert.deepEqual(await edge.inventory(signal), [heldOf(good)]);
    assert.equal(readdirSync(haproxy.folder).length, 2);
  },
);

test(
  'a chain that HAProxy cannot be told is refused with what to set, and taken once it is set',
  HAPROXY,
  async (t) => {
    const { haproxy, edge } = await givenHaproxy(t);
    const [small, pack] = [await givenPlaced(['small.example.com']), await givenPlaced(['a.example.com'])];
    // An intermediate with so many names that the chain is about as large as is wished.
    const sized = async (bytes: number) => {
      const hosts = Array.from({ length: Math.floor(bytes / 64) - 40 }, (_, i) =>
        `host-${i}`.padEnd(45, 'x'),
      );
      const { pem } = await make(new Date(), { isCa: true, hosts });
      return spoilt(pack, (chain) => `${chain}${pem}`);
    };
    const large = await sized(18_000);
    const [refused, ...more] = await edge.apply([large, small], signal);
    assert.deepEqual([refused?.packId, more], [large.packId, []]);
    assert.match(
      refused?.why ?? '',
      /^chain and key are \d{5} bytes, and HAProxy takes fewer than 16384: set tune.bufsize to 32768/,
    );
    assert.deepEqual(await edge.inventory(signal), [heldOf(small)]);
    haproxy.configure('tune.bufsize 32768');
    await haproxy.reload();
    assert.deepEqual(await edge.apply([large], signal), []);
    assert.equal((await edge.inventory(signal)).length, 2);
    // The largest one that goes goes.
    haproxy.configure();
    await haproxy.reload();
    const fits = await sized(15_500);
    assert.deepEqual(await edge.apply([fits], signal), []);
  },
);

test('options that cannot be meant are named', async () => {
  const given = { socket: '/run/h.sock', crt_list: '/etc/h.list', folder: '/etc/h' };
  const wrong = [
    [{ ...given, socket: undefined }, /^\[edge\]: 'socket' must be given/],
    [
      { ...given, socket: 'localhost' },
      /^\[edge\]: 'socket' must be given: the path of a socket, or host:port/,
    ],
    [{ ...given, crt_list: '/etc/a b' }, /^\[edge\]: 'crt_list' must be/],
    [{ ...given, crt_list: 'etc/h' }, /^\[edge\]: 'crt_list'/],
    [{ ...given, folder: '/etc/../h' }, /^\[edge\]: 'folder'/],
    [{ ...given, folder: '/etc/h\nx' }, /^\[edge\]: 'folder'/],
    [
      { ...given, crtlist: '/etc/h' },
      /^\[edge\]: "crtlist" is no option of kind haproxy: socket, crt_list, folder/,
    ],
  ] as const;
  for (const [options, message] of wrong)
    await assert.rejects(haproxyDriver.open(options, depsOf('/nonexistent')), {
      fault: 'configuration',
      message,
    });
});

test('whoever is no HAProxy that may be told is said in words', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const pack = await givenPlaced(['a.example.com']);
  const { socket, crtList, folder } = haproxy;
  const elsewhere = await haproxyDriver.open(
    { socket, crt_list: `${crtList}.other`, folder },
    depsOf(haproxy.dir),
  );
  const unnamed = {
    fault: 'edge_refused',
    message: /does not show its crt-list: .*have a bind line name \S+\.other/,
  };
  await assert.rejects(elsewhere.apply([pack], signal), unnamed);
  haproxy.configure(`stats socket ${socket}.user mode 600 level user`);
  await haproxy.reload();
  const user = await haproxyDriver.open(
    { socket: `${socket}.user`, crt_list: crtList, folder },
    depsOf(haproxy.dir),
  );
  await assert.rejects(user.inventory(signal), {
    fault: 'edge_refused',
    message: /Permission denied.*'level admin'/,
  });
  const other = createServer((client) =>
    client.end('220 mail.example.com ESMTP\n> \n> \n> ').on('error', () => 0),
  );
  other.listen(`${socket}.mail`);
  t.after(() => other.close());
  const mail = await haproxyDriver.open(
    { socket: `${socket}.mail`, crt_list: crtList, folder },
    depsOf(haproxy.dir),
  );
  await assert.rejects(mail.apply([pack], signal));
  await assert.rejects(edge.apply([pack], AbortSignal.abort(new Error('over'))), /over/);
  assert.deepEqual(readdirSync(folder), []);
});

test('a disk that takes nothing leaves what is served as it is', HAPROXY, async (t) => {
  const { haproxy, edge } = await givenHaproxy(t);
  const pack = await givenPlaced(['a.example.com']);
  await edge.apply([pack], signal);
  const next = await givenPlaced(['a.example.com'], pack.packId);
  const disk = join(haproxy.dir, 'disk');
  mkdirSync(disk);
  renameSync(haproxy.folder, join(disk, 'away'));
  await assert.rejects(edge.apply([next], signal), {
    fault: 'edge_refused',
    message: /its folder is gone: make it; what was there stays/,
  });
  assert.deepEqual(await leavesShown(haproxy), [leafIn(pack, 'ecdsa')]);
  renameSync(join(disk, 'away'), haproxy.folder);
  assert.deepEqual(await edge.apply([next], signal), []);
  assert.deepEqual(await edge.inventory(signal), [heldOf(next)]);
});

const leavesShown = async ({ edge }: GivenHaproxy) => [
  (await showLeaf(edge, { name: 'a.example.com', algorithm: 'ecdsa' }, signal))?.fingerprint,
];

const depsOf = (dir: string) => ({
  log: quiet(),
  dir,
  address: { host: '127.0.0.1', port: 1 },
  packFor: async () => undefined,
  fileFor: async () => undefined,
});
