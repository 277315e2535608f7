/** What is found in sources as people have them: right, odd and broken; nothing of it ends the command. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Made, make, makeCa, pemOf } from '../../../test/support/pki.ts';
import { Fault } from '../../kit/fault.ts';
import { days } from '../../kit/time.ts';
import { isPassedOver, type Piece } from './found.ts';
import { gather } from './pem-folder.ts';
import { readerFor } from './readers.ts';

const NOW = new Date();
let dir: string;
let root: Made;
let intermediate: Made;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'certpacks-import-'));
  ({ root, intermediate } = await makeCa(NOW));
});
after(() => rmSync(dir, { recursive: true, force: true }));

const leafFor = (hosts: readonly string[], more: Parameters<typeof make>[1] = {}): Promise<Made> =>
  make(NOW, { by: intermediate, hosts, ...more });

function put(path: string, text: string | Buffer): string {
  const whole = join(dir, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

async function read(source: string, kind?: string): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for await (const piece of (await readerFor(source, kind))(source, NOW)) pieces.push(piece);
  return pieces;
}
const pairs = (pieces: readonly Piece[]): string[] =>
  pieces.flatMap((one) => ('pair' in one && one.pair ? [one.hosts.join(' ')] : [])).toSorted();
const whyOf = (pieces: readonly Piece[], where: string): string =>
  pieces.flatMap((one) => (isPassedOver(one) && one.where.endsWith(where) ? [one.why] : [])).join('; ');
const certificatesIn = (pieces: readonly Piece[], host: string): number => {
  const [pair] = pieces.flatMap((one) =>
    'pair' in one && one.pair && one.hosts.includes(host) ? [one.pair] : [],
  );
  return pair?.certificate.match(/BEGIN/g)?.length ?? 0;
};

const LEFT_OUT: readonly (readonly [where: string, why: RegExp])[] = [
  ['old.pem', /x\.txt is for the same names and ends later/],
  ['expired.crt', /has expired/],
  ['lonely.pem', /its private key is not there/],
  ['c.key', /encrypted/],
  ['c.pem', /private key is not there; its private key/],
  ['unused.key', /belongs to no certificate/],
  ['broken.pem', /cannot be read/],
  ['huge.pem', /larger than 1024 KiB/],
  ['store.p12', /PKCS#12/],
  ['dangling', /leads nowhere/],
  ['pipe', /no regular file/],
];

test('pairs are found by their public keys, in whatever files they lie, and what is no pair is told', async () => {
  const [a, b, c, old, lonely] = [
    await leafFor(['a.test']),
    await leafFor(['b.test', 'www.b.test'], { kind: 'rsa2048' }),
    await leafFor(['c.test']),
    await leafFor(['a.test'], { days: 30 }),
    await leafFor(['lonely.test']),
  ];
  const expired = await leafFor(['expired.test'], {
    from: new Date(NOW.getTime() - days(60) * 1_000),
    days: 30,
  });
  put('pem/one/x.txt', `bag attributes\r\n${pemOf(a).replaceAll('\n', '\r\n')}${intermediate.pem}${a.pem}`);
  put('pem/two/deep/cert', b.pem);
  put('pem/keys/all.pem', pemOf(b, 'pkcs1') + pemOf(old, 'sec1') + pemOf(expired));
  put('pem/chain.pem', intermediate.pem + root.pem);
  put('pem/old.pem', old.pem);
  put('pem/expired.crt', expired.pem);
  put('pem/lonely.pem', lonely.pem);
  put('pem/c.pem', c.pem + (await leafFor(['d.test'])).pem);
  put('pem/c.key', execFileSync('openssl', ['pkcs8', '-topk8', '-passout', 'pass:x'], { input: pemOf(c) }));
  put('pem/unused.key', pemOf(await make(NOW)));
  put('pem/broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  put('pem/halves.pem', '-----BEGIN CERTIFICATE-----\n'.repeat(30_000));
  put('pem/huge.pem', Buffer.alloc(3 * 1024 * 1024, '-----BEGIN '));
  put('pem/readme.md', 'nothing');
  put('pem/store.p12', 'x');
  symlinkSync(join(dir, 'pem'), join(dir, 'pem/one/circle'));
  symlinkSync(join(dir, 'nowhere'), join(dir, 'pem/dangling'));
  execFileSync('mkfifo', [join(dir, 'pem/pipe')]);
  const found = await read(join(dir, 'pem'));
  assert.deepEqual(pairs(found), ['a.test', 'b.test www.b.test']);
  assert.equal(
    certificatesIn(found, 'b.test'),
    2,
    'with the authority that lies elsewhere, without its root',
  );
  assert.equal(certificatesIn(found, 'a.test'), 2);
  for (const [where, why] of LEFT_OUT) assert.match(whyOf(found, where), why, where);
  assert(!JSON.stringify(found.filter(isPassedOver)).includes('BEGIN'));
});

test('of certbot’s folder what is live is taken, of Caddy’s its certificates', async () => {
  const [now, earlier] = [await leafFor(['live.test']), await leafFor(['live.test'], { days: 40 })];
  for (const [n, one] of [earlier, now].entries()) {
    put(`le/archive/live.test/fullchain${n + 1}.pem`, one.pem + intermediate.pem);
    put(`le/archive/live.test/cert${n + 1}.pem`, one.pem);
    put(`le/archive/live.test/privkey${n + 1}.pem`, pemOf(one));
  }
  put('le/accounts/x/private_key.pem', pemOf(await make(NOW)));
  mkdirSync(join(dir, 'le/live/live.test'), { recursive: true });
  for (const name of ['fullchain', 'cert', 'privkey'])
    symlinkSync(`../../archive/live.test/${name}2.pem`, join(dir, `le/live/live.test/${name}.pem`));
  const certbot = await read(join(dir, 'le'));
  assert.deepEqual([pairs(certbot), certbot.length], [['live.test'], 1]);
  assert.equal(certificatesIn(certbot, 'live.test'), 2);
  const caddy = await leafFor(['caddy.test']);
  const at = 'caddy/certificates/acme-v02.api.letsencrypt.org-directory/caddy.test/caddy.test';
  put(`${at}.crt`, caddy.pem + intermediate.pem);
  put(`${at}.key`, pemOf(caddy));
  put(`${at}.json`, JSON.stringify({ sans: ['caddy.test'] }));
  put('caddy/acme/x/users/me/me.key', pemOf(await make(NOW)));
  const read2 = await read(join(dir, 'caddy'));
  assert.deepEqual([pairs(read2), read2.length], [['caddy.test'], 1]);
});

const secret = (name: string, made: Made) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: { name, namespace: 'shop' },
  data: {
    'tls.crt': Buffer.from(made.pem + intermediate.pem).toString('base64'),
    'tls.key': Buffer.from(pemOf(made)).toString('base64'),
  },
});

test('Secrets are read from YAML of several documents and from a List in JSON; others are left alone', async () => {
  const [one, two] = [await leafFor(['one.k8s.test']), await leafFor(['two.k8s.test'])];
  const list = {
    kind: 'List',
    items: [secret('one', one), { kind: 'Secret', type: 'Opaque', data: { x: 'eA==' } }],
  };
  assert.deepEqual(pairs(await read(put('secrets.json', JSON.stringify(list)))), ['one.k8s.test']);
  const documents = [list, secret('two', two), { kind: 'ConfigMap' }, { ...secret('empty', two), data: {} }];
  const yaml = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const found = await read(put('secrets.yaml', `# of a cluster\n---\n${yaml}\n`));
  assert.deepEqual(pairs(found), ['one.k8s.test', 'two.k8s.test']);
  assert.match(whyOf(found, 'shop/empty'), /no certificate in tls.crt/);
  for (const bad of [
    '{"kind": "Secret", "tls.key": "s3cret',
    'a: "s3cret\nb: [',
    'a: &a s3cret\nb: {*a: *b}',
  ])
    await assert.rejects(read(put('bad.yaml', bad)), (error: Error) => !error.message.includes('s3cret'));
});

const level = (n: number) =>
  `a${n}: &a${n} [${Array(10)
    .fill(`*a${n - 1}`)
    .join(',')}]`;

test('a YAML file whose aliases stand for more than fits in memory, or for nothing, is refused in words', async () => {
  const bomb = ['a0: &a0 [x, x, x]', ...Array.from({ length: 12 }, (_, n) => level(n + 1))].join('\n');
  for (const bad of [bomb, 'a: *nothing'])
    await assert.rejects(read(put('bomb.yaml', bad)), (error: unknown) => error instanceof Fault);
});

test('a certificate whose dates are no dates is left out, and the others are taken', async () => {
  const [odd, good] = [await leafFor(['odd.test']), await leafFor(['good.test'])];
  const der = Buffer.from(new X509Certificate(odd.pem).raw);
  const [, end] = der.toString('latin1').matchAll(/\d{10}Z/g);
  der.write('99999999', end?.index ?? 0);
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  put('dates/odd.pem', pem + pemOf(odd));
  put('dates/good.pem', good.pem + pemOf(good));
  const found = await read(join(dir, 'dates'));
  assert.deepEqual(pairs(found), ['good.test']);
  assert.match(whyOf(found, 'odd.pem'), /its end cannot be read/);
  assert(found.every((one) => !isPassedOver(one) || !one.endsOn || one.endsOn.toISOString()));
});

test('of a store of authorities, or of other leaves, beside a leaf what is no upload is left out', async () => {
  const leaf = await leafFor(['store.test']);
  const others = await Promise.all([1, 2].map((n) => leafFor([`other${n}.test`])));
  const store = (await Promise.all(Array.from({ length: 8 }, () => makeCa(NOW)))).map((ca) => ca.root.pem);
  const most = Array.from({ length: 60 }, () => store.join('')).join('');
  put(
    'store/all.pem',
    leaf.pem + others.map(({ pem }) => pem).join('') + intermediate.pem + most + pemOf(leaf),
  );
  const found = await read(join(dir, 'store'));
  assert.deepEqual(pairs(found), ['store.test']);
  assert.equal(certificatesIn(found, 'store.test'), 2);
});

test('a folder with more files than are read is refused as a whole', async () => {
  for (let n = 0; n < 8; n++) put(`many/${n % 2}/${n}.txt`, 'x');
  await assert.rejects(gather([join(dir, 'many')], 5), /more than 5 files: import folder by folder/);
});

test('a CSV is read by its column of hostnames, whatever separates it; each name once', async () => {
  const csv = put(
    'hosts.csv',
    '\uFEFFid;"Hostname"\r\n1;Shop.Test\r\n2;"www.shop.test"\r\n3;shop.test\r\n4;not a host\r\n\r\n5;*.bücher.test',
  );
  const found = await read(csv);
  const names = found.flatMap((one) => (isPassedOver(one) ? [] : one.hosts));
  assert.deepEqual(names, ['shop.test', 'www.shop.test', '*.xn--bcher-kva.test']);
  assert.equal(found.filter(isPassedOver).length, 1);
  assert.match(whyOf(found, 'hosts.csv:5'), /./);
  const plain = await read(put('plain.txt', '# ours\none.test\ntwo.test,x\n'));
  assert.deepEqual(
    plain.flatMap((one) => one.hosts ?? []),
    ['one.test', 'two.test'],
  );
});

test('of an account of Cloudflare’s API the hosts are read, page by page, and what it refuses is told', async () => {
  process.env['CLOUDFLARE_API_TOKEN'] = 'source-token';
  let refusals = 1;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    assert.equal(request.headers.authorization, 'Bearer source-token');
    const page = Number(url.searchParams.get('page'));
    const send = (body: object) =>
      response.end(JSON.stringify({ success: true, errors: [], messages: [], ...body }));
    if (refusals-- > 0) return response.writeHead(429, { 'retry-after': '0.1' }).end();
    if (url.pathname === '/v4/zones')
      return send({ result: [{ id: `z${page}`, name: `${page}.test` }], result_info: { total_pages: 2 } });
    if (url.pathname.endsWith('certificate_packs'))
      return send({ result: [{ hosts: ['1.test', '*.1.test'] }] });
    if (url.pathname.includes('z1')) return send({ result: [{ hostname: 'shop.customer.test' }] });
    return send({ success: false, result: null, errors: [{ code: 1404, message: 'no access' }] });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert(address && typeof address === 'object');
  const { port } = address;
  try {
    const found = await read(`http://127.0.0.1:${port}/v4/`);
    assert.deepEqual(
      found.flatMap((one) => (isPassedOver(one) ? [] : [one.hosts.join(' ')])),
      ['1.test *.1.test', 'shop.customer.test', '1.test *.1.test'],
    );
    assert.match(whyOf(found, '2.test/custom_hostnames'), /no access \(1404\)/);
  } finally {
    server.close();
    delete process.env['CLOUDFLARE_API_TOKEN'];
  }
});

test('a source that is not there, or of no known kind, is refused with what to do', async () => {
  await assert.rejects(read(join(dir, 'absent')), /nothing to import at/);
  await assert.rejects(
    read(dir, 'vault'),
    /--from is one of cloudflare, certbot, caddy, pem, cert-manager, csv/,
  );
  await assert.rejects(read(join(dir, 'absent'), 'pem'), /cannot be read: ENOENT/);
  await assert.rejects(read(join(dir, 'absent'), 'csv'), /cannot be read: ENOENT/);
});
