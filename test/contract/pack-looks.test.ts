/** What a person looks at beside a pack itself: its chains, its edges, and the latest events of all packs of the account. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { deploy, observe } from '../../src/store/deployments.ts';
import { transaction } from '../../src/store/store.ts';
import { givenAccount, startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { givenCertificates, givenPack, packOf } from '../support/job-deps.ts';
import { moveOn } from '../support/moving.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.test', 'two.test']);
});
after(() => ends.disposeAsync());

const zoneAt = (i: number) => account.zones[i] ?? assert.fail();
const UNKNOWN = '11111111-1111-4111-8111-111111111111';

interface Reply<T> {
  readonly status: number;
  readonly result: T;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- its caller says what is answered
async function ask<T>(path: string, token = account.token): Promise<Reply<T>> {
  const answer = await api.get(path, token);
  const { result }: { result: T } = JSON.parse(await answer.text());
  return { status: answer.status, result };
}

const packPath = (id: string, i = 0) => `/zones/${zoneAt(i).id}/ssl/certificate_packs/${id}`;

interface Chain {
  readonly algorithm: string;
  readonly is_coming: boolean;
  readonly pem: string;
  readonly chain: readonly { readonly subject: string; readonly fingerprint_sha256: string }[];
}

it('the chains of a pack are told, ECDSA first, leaf first, and nothing of keys', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  assert.deepEqual(await ask(`${packPath(id)}/certificates`), { status: 200, result: [] });
  await givenCertificates(api.jobs, id);
  const pems = rootCertificates.slice(0, 2);
  await api.jobs.pool.query('update certificates set chain = $2 where pack_id = $1', [id, pems.join('\n')]);
  const { result } = await ask<Chain[]>(`${packPath(id)}/certificates`);
  assert.deepEqual(
    result.map((one) => [one.algorithm, one.is_coming, Object.keys(one).toSorted()]),
    ['ecdsa', 'rsa'].map((one) => [one, false, ['algorithm', 'chain', 'id', 'is_coming', 'pem']]),
  );
  const wanted = pems.map((pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase());
  for (const { chain, pem } of result) {
    assert.deepEqual(
      chain.map((link) => link.fingerprint_sha256),
      wanted,
    );
    assert.equal(pem, pems.join('\n'));
  }
});

it('each edge that was given a pack is told, with what handshakes showed', async () => {
  const id = await givenPack(api.jobs, zoneAt(0), { status: 'active' });
  await givenCertificates(api.jobs, id);
  const pack = await packOf(api.jobs, id);
  const [ecdsa, rsa] = pack.certificates.map(({ fingerprint }) => fingerprint);
  await transaction(api.jobs.pool, async (tx) => {
    await deploy(tx, pack, [], ['a', 'b', 'c']);
    const now = api.jobs.clock.now();
    await observe(tx, pack, { edge: 'b', observed: { ecdsa, rsa } }, now);
    await observe(tx, pack, { edge: 'c', observed: { ecdsa }, problem: 'it shows another' }, now);
  });
  interface Edge {
    readonly edge: string;
    readonly is_shown: boolean;
    readonly shown: object;
    readonly problem?: string;
  }
  const { result } = await ask<Edge[]>(`${packPath(id)}/edges`);
  assert.deepEqual(
    result.map(({ edge, is_shown: isShown, shown, problem }) => [edge, isShown, shown, problem]),
    [
      ['a', false, {}, undefined],
      ['b', true, { ecdsa, rsa }, undefined],
      ['c', false, { ecdsa }, 'it shows another'],
    ],
  );
});

it('chains and edges of packs that are not there, and of other zones, are not told', async () => {
  const id = await givenPack(api.jobs, zoneAt(0));
  const limited = await tokenFor(api.jobs, { accountId: account.id, zones: [zoneAt(1).id] });
  const other = await givenAccount(api.jobs, ['other.test']);
  for (const what of ['certificates', 'edges']) {
    assert.equal((await ask(`${packPath(UNKNOWN)}/${what}`)).status, 404);
    assert.equal((await ask(`${packPath(id, 1)}/${what}`)).status, 404, 'it is in another zone');
    assert.equal((await ask(`${packPath(id)}/${what}`, limited)).status, 403);
    assert((await ask(`${packPath(id)}/${what}`, other.token)).status >= 400);
  }
});

interface Latest {
  readonly steps: { readonly events: number; readonly done: number; readonly failed: number };
  readonly events: readonly {
    readonly cause: string;
    readonly hosts: string[];
    readonly host_count: number;
  }[];
}

it('the latest events of all packs are told with their hosts, and what became of steps', async () => {
  const own = await givenAccount(api.jobs, ['events.test']);
  const path = `/accounts/${own.id}/ssl/certificate_packs/events/latest`;
  const empty = await ask<Latest>(path, own.token);
  assert.deepEqual([empty.result.events, empty.result.steps.done, empty.result.steps.failed], [[], 0, 0]);
  const [zone = assert.fail()] = own.zones;
  const id = await givenPack(api.jobs, zone, {
    hosts: ['a.events.test', 'b.events.test', 'c.events.test', 'd.events.test'],
  });
  for (let i = 0; i < 3; i++) await moveOn(api.jobs, id);
  const { result } = await ask<Latest>(`${path}?per_page=2`, own.token);
  assert.deepEqual(
    result.events.map(({ cause, hosts, host_count: n }) => [cause, hosts, n]),
    ['certificates_issued', 'control_shown'].map((cause) => [
      cause,
      ['a.events.test', 'b.events.test', 'c.events.test'],
      4,
    ]),
  );
  assert.deepEqual([result.steps.events, result.steps.done, result.steps.failed], [4, 3, 0]);
  const limited = await tokenFor(api.jobs, { accountId: own.id, zones: [zone.id] });
  assert.equal((await ask(path, limited)).status, 403);
  assert.equal((await ask(path)).status, 403, 'another account');
});
