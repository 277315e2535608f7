/** A CA that answers what none should: nothing of it is stored or served, the pack says why, and goes on when it is right again. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { type OpensslCa, opensslCa } from '../../../test/support/openssl-ca.ts';
import { needs } from '../../../test/support/peers.ts';
import type { Said, Seen } from '../../../test/support/scripted-server.ts';
import { memoryAccounts, smallCa } from '../../../test/support/small-ca.ts';
import type { CaRow } from '../../ca/ca.ts';
import { documentedRows } from '../../ca/configuration.ts';
import { createCsr } from '../../ca/csr.ts';
import { createCa } from '../../ca/registry.ts';

const OPENSSL = needs('openssl');

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
before(async () => {
  const plain = await startJobDeps(ends);
  deps = { ...plain, precheckTxt: allVisible };
});
beforeEach(() => clear(deps));
after(() => ends.disposeAsync());

const HOST = 'shop.test';

/** What was asked at which step, with the request that was finalized last and a CA that signs anything. */
interface Ask {
  readonly seen: Seen;
  readonly response: ServerResponse;
  readonly csr: Buffer;
  readonly other: OpensslCa;
}

type Answer = (ask: Ask) => Said | 'taken';

const pem = (body: string): Said => ({
  headers: { 'content-type': 'application/pem-certificate-chain' },
  body,
});
const json = { 'content-type': 'application/json' };

const html: Answer = () => ({
  headers: { 'content-type': 'text/html' },
  body: '<html><h1>Welcome</h1></html>',
});
const huge: Answer = ({ response }) => {
  response.writeHead(200, { ...json, 'replay-nonce': `n-${Math.random()}` });
  response.on('error', () => undefined);
  response.end(Buffer.alloc(10 * 2 ** 20, ' '));
  return 'taken';
};
const drip: Answer = ({ response }) => {
  response.writeHead(200, { ...json, 'replay-nonce': `n-${Math.random()}` });
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => clearInterval(timer));
  return 'taken';
};

const otherKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const garbled = (chain: string): string => chain.replace(/MII[A-Za-z0-9+/]{40}/, `MII${'A'.repeat(40)}`);

const OTHER_CSR = await createCsr(otherKey(), [HOST]);

/** Certificates that were not ordered. */
const CERTIFICATES: readonly (readonly [what: string, answer: Answer, words: RegExp])[] = [
  [
    'a certificate for other names',
    ({ csr, other }) => pem(other.sign(csr, 'subjectAltName=DNS:bank.test') + other.pem),
    /is for bank\.test instead of shop\.test/,
  ],
  [
    'a certificate for a name more',
    ({ csr, other }) => pem(other.sign(csr, 'subjectAltName=DNS:shop.test,DNS:bank.test') + other.pem),
    /is for shop\.test, bank\.test instead of shop\.test/,
  ],
  [
    'a certificate with another key',
    ({ other }) => pem(other.sign(OTHER_CSR) + other.pem),
    /has another public key than the request/,
  ],
  ['a leaf alone', ({ csr, other }) => pem(other.sign(csr)), /comes without the certificate of its issuer/],
  [
    'the chain of another issuer',
    ({ csr, other }) => pem(other.sign(csr) + stranger.pem),
    /a chain of which certificate 1 is not signed by the next/,
  ],
  ['a chain that breaks off', ({ csr, other }) => pem(other.sign(csr).slice(0, 300)), /^lets_encrypt for /],
  ['bytes that are no certificate', ({ csr, other }) => pem(garbled(other.sign(csr))), /^lets_encrypt for /],
  ['its own certificate', ({ other }) => pem(other.pem), /another public key|is one of a CA/],
  [
    'a private key',
    () => pem(otherKey().export({ type: 'pkcs8', format: 'pem' }).toString()),
    /^lets_encrypt for /,
  ],
  ['no certificate', () => pem(''), /^lets_encrypt for /],
];

let stranger: OpensslCa;

/** Steps of an order, as the small CA names them. */
const STEPS = ['order', 'authz', 'chall', 'orders', 'finalize', 'cert'] as const;

/** A CA in front of which `answer` stands at one step, until `isRight` is set. */
async function given(t: TestContext, at: (typeof STEPS)[number], answer: Answer) {
  const state = { isRight: false, csr: Buffer.alloc(0) };
  const other = opensslCa(t);
  stranger = opensslCa(t, '/CN=Stranger');
  const small = await smallCa(t, {
    isChained: true,
    before: (seen, response) => {
      const [, step] = seen.path.split('/');
      if (step === 'finalize') state.csr = Buffer.from(String(seen.payload?.['csr']), 'base64url');
      if (step !== at || state.isRight) return undefined;
      return answer({ seen, response, csr: state.csr, other });
    },
  });
  const row: CaRow = {
    ...documentedRows.lets_encrypt,
    directoryUrl: small.directory,
    hasAgreedToTerms: true,
  };
  const caDeps = { accounts: memoryAccounts(), clock: deps.clock, within: 1.5 };
  const cas = new Map([[row.name, createCa(row, caDeps)]]);
  return { state, at: { ...deps, cas } };
}

/** Carries the pack on until it rests; it is due again later each time. */
async function carry(at: TestJobDeps, id: string): Promise<void> {
  await carryAll(at);
  assert.notEqual(await dueIn(at, id), undefined);
}

async function assertNothingServed(id: string): Promise<void> {
  const { rows } = await deps.pool.query(
    `select chain from certificates where pack_id = $1
     union all select host from served_hosts where pack_id = $1 union all select edge from deployments where pack_id = $1`,
    [id],
  );
  assert.deepEqual(rows, []);
}

async function assertRecovers(at: TestJobDeps, id: string): Promise<void> {
  for (let tries = 0; tries < 6; tries += 1) {
    deps.clock.advance(400);
    await carryAll(at);
    if ((await packOf(at, id)).certificates.length === 2) break;
  }
  const { status, certificates } = await packOf(at, id);
  assert.equal(certificates.length, 2);
  assert.ok(['pending_deployment', 'active'].includes(status), status);
  const { rows } = await deps.pool.query<{ chain: string }>(
    'select chain from certificates where pack_id = $1',
    [id],
  );
  for (const { chain } of rows) assert.equal(new X509Certificate(chain).subjectAltName, `DNS:${HOST}`);
}

for (const [what, answer, words] of CERTIFICATES) {
  test(`a CA that delivers ${what} gets nothing served, and is told of in the pack`, OPENSSL, async (t) => {
    const { at, state } = await given(t, 'cert', answer);
    const id = await givenPack(at, await givenZone(at, HOST));
    await carry(at, id);
    const { status, validationErrors } = await packOf(at, id);
    assert.equal(status, 'pending_issuance');
    assert.match(validationErrors.join(), words);
    assert.match(
      validationErrors.join(),
      /shop\.test: .*; (it is not used, and ordered anew|it is tried again)$/,
    );
    assert.doesNotMatch(validationErrors.join(), /PRIVATE|-----/);
    await assertNothingServed(id);
    state.isRight = true;
    await assertRecovers(at, id);
  });
}

for (const [what, answer, words] of [
  ['HTML', html, /HTTP 200 with content of type "text\/html|without the URL of what it made/],
  ['10 MB', huge, /more than \d+ bytes/],
  ['drop by drop', drip, /did not answer in time/],
] as const) {
  for (const step of STEPS) {
    test(
      `a CA that answers ${what} at the step '${step}' ends nothing, and is told of in the pack`,
      OPENSSL,
      async (t) => {
        const { at, state } = await given(t, step, answer);
        const id = await givenPack(at, await givenZone(at, HOST));
        await carry(at, id);
        const { status, validationErrors } = await packOf(at, id);
        assert.ok(['initializing', 'pending_validation', 'pending_issuance'].includes(status), status);
        assert.match(validationErrors.join(), words);
        assert.match(validationErrors.join(), /^lets_encrypt for shop\.test: .*it is tried again$/);
        await assertNothingServed(id);
        state.isRight = true;
        await assertRecovers(at, id);
      },
    );
  }
}
