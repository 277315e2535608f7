/** What a responder says of a leaf, by OpenSSL's responder: what counts, and what counts for nothing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { givenPort } from '../../test/support/edge/given-edge.ts';
import { givenFolder } from '../../test/support/ground.ts';
import { needs } from '../../test/support/peers.ts';
import { VirtualClock } from '../kit/clock.ts';
import { newLog } from '../kit/log.ts';
import { days, minutes, after as passed } from '../kit/time.ts';
import { questionUrl, readOcsp, responderUrlsOf } from './ocsp.ts';
import { type FetchAnswer, RevocationStatus } from './revocation-status.ts';

const OPENSSL = needs('/usr/bin/openssl', 'openssl');
const RESPONDER = 'http://ocsp.one.test/at';
const CONFIGURATION = `[ca]
default_ca=d
[d]
database=index.txt
new_certs_dir=.
serial=serial
certificate=ca.pem
private_key=ca.key
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=supplied
[leaf]
authorityInfoAccess=OCSP;URI:${RESPONDER}
subjectAltName=DNS:one.test
[answers]
extendedKeyUsage=OCSPSigning
`;

let dir = '';
const openssl = (...args: readonly string[]) =>
  OPENSSL.skip === false ? execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' }) : Buffer.alloc(0);
const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

const ends = new AsyncDisposableStack();
after(() => ends.disposeAsync());
before(() => {
  if (OPENSSL.skip !== false) return;
  dir = givenFolder({ after: (end) => ends.defer(async () => void (await end())) }, 'ocsp');
  writeFileSync(join(dir, 'index.txt'), '');
  writeFileSync(join(dir, 'serial'), '00F1E2D3C4\n');
  writeFileSync(join(dir, 'ca.cnf'), CONFIGURATION);
  for (const ca of ['ca', 'other']) givenKey(ca, '-x509', '-out', `${ca}.pem`, '-days', '9');
  for (const [name, extensions] of Object.entries({
    leaf: 'leaf',
    second: 'leaf',
    answers: 'answers',
    plain: 'leaf',
  })) {
    givenKey(name, '-out', `${name}.csr`);
    const from = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extensions', extensions];
    openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-days', '9', ...from);
  }
});

function givenKey(name: string, ...how: readonly string[]): void {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', ...ec, '-keyout', `${name}.key`, '-subj', `/CN=${name}.test`, ...how);
}

const certificate = (name: string): X509Certificate => new X509Certificate(read(`${name}.pem`));
const issuedLeaf = (name = 'leaf') => ({ leaf: certificate(name), issuer: certificate('ca') });

/** What OpenSSL's responder, with the key of `signer`, answers to the question in a URL. */
function answerTo(url: string, signer: string, life: readonly string[] = ['-ndays', '2']): Buffer {
  const question = decodeURIComponent(url.slice(url.lastIndexOf('/') + 1));
  writeFileSync(join(dir, 'question'), Buffer.from(question, 'base64'));
  const by = ['-rsigner', `${signer}.pem`, '-rkey', `${signer}.key`, '-CA', 'ca.pem'];
  openssl('ocsp', '-index', 'index.txt', ...by, '-reqin', 'question', '-respout', 'answer', ...life);
  return readFileSync(join(dir, 'answer'));
}

async function askedOf(signer: string, name = 'leaf', life?: readonly string[]): Promise<Buffer> {
  const url = await questionUrl(RESPONDER, issuedLeaf(name));
  return answerTo(url ?? assert.fail(), signer, life);
}

test(
  'a leaf names its responder, and the question that is asked there is one for OpenSSL',
  OPENSSL,
  async () => {
    assert.deepEqual(responderUrlsOf(certificate('leaf')), [RESPONDER]);
    assert.deepEqual(responderUrlsOf(certificate('ca')), []);
    await askedOf('ca');
    const said = openssl('ocsp', '-reqin', 'question', '-req_text', '-noverify').toString();
    assert.match(said, /Serial Number: 0?0?F1E2D3C4/);
  },
);

test('the issuer’s word counts, and that of a key that it let answer', OPENSSL, async () => {
  for (const signer of ['ca', 'answers']) {
    const said = await readOcsp(await askedOf(signer), issuedLeaf(), new Date());
    assert(typeof said !== 'string', JSON.stringify(said));
    assert.equal(said.revoked.size, 0);
    assert(said.nextUpdate && said.nextUpdate > passed(new Date(), days(1)));
  }
});

test('a leaf that was revoked is said to be, with when and why', OPENSSL, async () => {
  openssl('ca', '-config', 'ca.cnf', '-revoke', 'second.pem', '-crl_reason', 'keyCompromise');
  const said = await readOcsp(await askedOf('answers', 'second'), issuedLeaf('second'), new Date());
  assert(typeof said !== 'string', JSON.stringify(said));
  const entry = said.revoked.get(certificate('second').serialNumber) ?? assert.fail();
  assert.equal(entry.reason, 'keyCompromise');
  assert(entry.on && Math.abs(entry.on.getTime() - Date.now()) < 120_000);
});

test('what counts for nothing is told in words', OPENSSL, async () => {
  const good = await askedOf('ca');
  const later = Buffer.from('30030a0103', 'hex');
  const withoutEnd = await askedOf('ca', 'leaf', []);
  const altered = Buffer.from(good);
  altered.write('ab', altered.indexOf('f1e2d3c4', 'hex'), 'hex');
  const now = new Date();
  const cases: readonly (readonly [Buffer, Date, RegExp])[] = [
    [await askedOf('plain'), now, /not signed for the issuer/], // a certificate of the same CA, for servers
    [await askedOf('other'), now, /not signed for the issuer/],
    [altered, now, /not signed for the issuer/],
    [await askedOf('ca', 'second'), now, /nothing of the leaf/],
    [good, passed(now, days(3)), /not of now/],
    [good, passed(now, -minutes(10)), /not of now/],
    [withoutEnd, passed(now, days(2)), /not of now/],
    [later, now, /tried later/],
    [good.subarray(0, 200), now, /no answer/],
    [Buffer.from('<html>'), now, /no answer/],
    [Buffer.alloc(0), now, /no answer/],
    [Buffer.from('308005000000', 'hex'), now, /no answer/],
  ];
  for (const [answer, at, wanted] of cases) {
    const said = await readOcsp(answer, issuedLeaf(), at);
    assert(typeof said === 'string' && wanted.test(said), `${JSON.stringify(said)} is not as ${wanted}`);
  }
});

test('a responder is asked once until there is something newer', OPENSSL, async (t) => {
  let asked = 0;
  const server = createServer(({ url = '' }, reply) => {
    asked += 1;
    reply.end(answerTo(url, 'answers'));
  });
  t.after(() => server.close());
  const port = await givenPort(server);
  const clock = new VirtualClock();
  const fetchAnswer: FetchAnswer = async (url) =>
    Buffer.from(await (await fetch(url.replace('ocsp.one.test', `127.0.0.1:${port}`))).arrayBuffer());
  const status = new RevocationStatus({ clock, log: newLog('silent'), fetch: fetchAnswer });
  const { signal } = new AbortController();
  const look = async (name: string) => {
    const found = status.look(read(`${name}.pem`) + read('ca.pem'));
    await status.getNext(signal);
    return found?.reason;
  };
  assert.deepEqual(
    [await look('second'), await look('second'), await look('second')],
    [undefined, 'keyCompromise', 'keyCompromise'],
  );
  assert.deepEqual([await look('leaf'), await look('leaf')], [undefined, undefined]);
  assert.equal(asked, 2);
  clock.advance(days(1));
  await look('leaf');
  assert.equal(asked, 3, 'asked again within six hours');
});

test('a responder that does not answer is left alone for all leaves that name it', OPENSSL, async () => {
  const asked: string[] = [];
  const clock = new VirtualClock();
  const fetchAnswer: FetchAnswer = async (url) => {
    asked.push(url);
    return 'nobody answers';
  };
  const status = new RevocationStatus({ clock, log: newLog('silent'), fetch: fetchAnswer });
  const lookAtAll = async () => {
    for (const name of ['leaf', 'second', 'plain']) status.look(read(`${name}.pem`) + read('ca.pem'));
    for (let i = 0; i < 3; i++) await status.getNext(new AbortController().signal);
  };
  await lookAtAll();
  await lookAtAll();
  assert.equal(asked.length, 1);
  clock.advance(minutes(11));
  await lookAtAll();
  assert.equal(asked.length, 2);
});
