/** A certificate that its CA revokes by a list of OpenSSL’s: seen by the proofs, told, and renewed at once. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { givenPort } from '../../../test/support/edge/given-edge.ts';
import { givenFolder } from '../../../test/support/ground.ts';
import {
  edgeNamed,
  packOf,
  startJobDeps,
  type TestJobDeps,
  truthful,
} from '../../../test/support/job-deps.ts';
import { needs } from '../../../test/support/peers.ts';
import { givenServed, oddEdges } from '../../../test/support/proving.ts';
import { RevocationStatus } from '../../ca/revocation-status.ts';
import { newLog } from '../../kit/log.ts';
import { days, minutes } from '../../kit/time.ts';
import { rootsWith } from '../../notify/http-exchange.ts';
import { getBytes } from '../../notify/http-get.ts';
import { proveServed } from './proofs.ts';

const ends = new AsyncDisposableStack();
const { signal } = new AbortController();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const mayReach = () => true;
const addressesOf = async (host: string) => [host];

/** A CA of OpenSSL's, which answers with its list at a URL that its leaf names. */
async function givenCa(t: { after(end: () => unknown): void }) {
  const dir = givenFolder(t, 'crl');
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  let asked = 0;
  let answer: Buffer = Buffer.alloc(0);
  const server = createServer((_, reply) => {
    asked += 1;
    reply.end(answer);
  });
  t.after(() => server.close());
  const url = `http://127.0.0.1:${await givenPort(server)}/list.crl`;
  writeFileSync(join(dir, 'index.txt'), '');
  writeFileSync(
    join(dir, 'ca.cnf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_crl_days=2\n` +
      `[leaf]\ncrlDistributionPoints=URI:${url}\nsubjectAltName=DNS:one.test\n`,
  );
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=CA', '-days', '9');
  openssl('req', ...ec, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=one.test');
  const by = [
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-extfile',
    'ca.cnf',
    '-extensions',
    'leaf',
  ];
  openssl('x509', '-req', '-in', 'leaf.csr', ...by, '-out', 'leaf.pem', '-days', '9');
  const list = () => {
    openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'list.pem');
    openssl('crl', '-in', 'list.pem', '-outform', 'DER', '-out', 'list.crl');
    answer = readFileSync(join(dir, 'list.crl'));
  };
  list();
  return {
    chain: readFileSync(join(dir, 'leaf.pem'), 'utf8') + readFileSync(join(dir, 'ca.pem'), 'utf8'),
    asked: () => asked,
    revoke: () => {
      openssl('ca', '-config', 'ca.cnf', '-revoke', 'leaf.pem', '-crl_reason', 'keyCompromise');
      list();
    },
    break: () => {
      answer = Buffer.from('no list');
    },
  };
}

/** A pack that is served with a certificate of that CA as its ECDSA one. */
async function givenServedWith(deps: TestJobDeps, chain: string): Promise<string> {
  const id = await givenServed(deps, 'one.test');
  const { raw } = new X509Certificate(chain);
  const leaf = createHash('sha256').update(raw).digest('hex');
  const of = [id, chain, leaf];
  await deps.pool.query(
    `update certificates set chain = $2, fingerprint = $3 where pack_id = $1 and algorithm = 'ecdsa'`,
    of,
  );
  await deps.pool.query(`update deployments set desired_ecdsa = $2 where pack_id = $1`, [id, leaf]);
  return id;
}

test('a certificate that its CA revoked is told of once, and renewed at once; a list is kept until the next is due', {
  ...needs('/usr/bin/openssl', 'openssl'),
}, async (t) => {
  const ca = await givenCa(t);
  const roots = rootsWith([]);
  const revocations = new RevocationStatus({
    clock: plain.clock,
    log: newLog('silent'),
    fetch: (url, most, one) => getBytes({ addressesOf, mayReach, roots }, url, most, one),
  });
  const deps = { ...plain, edges: [edgeNamed('edge-a')], revocations };
  const at = oddEdges({ ...deps, showLeaf: truthful(plain) });
  const id = await givenServedWith(at.deps, ca.chain);
  const prove = async (seconds: number) => {
    plain.clock.advance(seconds);
    await proveServed({ ...at.deps, revocations }, () => undefined, signal);
    await revocations.getNext(signal);
  };
  const messages = async () => (await packOf(at.deps, id)).validationErrors;
  await prove(20);
  await prove(20);
  await prove(20);
  assert.deepEqual([ca.asked(), await messages()], [1, []], 'asked once, and nothing is revoked');

  ca.break();
  await prove(days(1));
  await prove(20);
  assert.deepEqual([ca.asked(), await messages()], [2, []], 'what is no list revokes nothing');

  ca.revoke();
  await prove(minutes(10));
  for (let i = 0; i < 3; i++) await prove(20);
  const pack = await packOf(at.deps, id);
  assert.equal(ca.asked(), 3);
  assert.equal(pack.validationErrors.length, 1);
  assert.match(
    pack.validationErrors.join(),
    /its CA revoked the ecdsa certificate .*\(keyCompromise\).*renewed now/,
  );
  assert(pack.renewal && pack.renewal.at <= plain.clock.now(), 'due at once');
  const { rows } = await plain.pool.query("select from audit where event = 'revoked_by_ca'");
  assert.equal(rows.length, 1);
});
