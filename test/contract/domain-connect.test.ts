/** Who may have links made, of what, and what is said where nobody answers; the provider is in the test's hands. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import type { ConnectFound } from '../../src/pack/connect-provider.ts';
import type { DomainConnect } from '../../src/pack/domain-connect.ts';
import { tokenFor } from '../support/api.ts';
import { type HostnameScene, hostnameScene } from '../support/hostnames.ts';

const PROVIDER: ConnectFound = {
  kind: 'provider',
  domain: 'shop.test',
  provider: {
    name: 'DNS',
    urlSync: 'https://dns.example',
    urlApi: 'https://api.dns.example',
    width: 750,
    height: 750,
    controlPanel: undefined,
  },
};

const ends = new AsyncDisposableStack();
let scene: HostnameScene;
let url: string;
let owner: Awaited<ReturnType<HostnameScene['owner']>>;
/** What comes of looking for a provider. */
let find: DomainConnect['find'] = () => Promise.resolve(PROVIDER);

before(async () => {
  scene = await hostnameScene(ends);
  owner = await scene.owner(['saas.test']);
  const connect: DomainConnect = {
    terms: {
      providerId: 'platform.test',
      providerName: 'P',
      keyName: '_k',
      delegationZone: 'dcv.example.net',
    },
    find: (name, signal) => find(name, signal),
    refusalOf: () => Promise.resolve(undefined),
    sign: () => 'c2ln',
  };
  const app = await buildApi({ ...scene.deps, connect });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
});
after(() => ends.disposeAsync());

interface Told {
  readonly result: {
    readonly links: readonly { readonly kind: string; readonly url: string }[];
    readonly without: readonly { readonly why: string }[];
  } | null;
  readonly errors: readonly { readonly code: number }[];
}

async function asked(path: string, token = owner.token): Promise<{ status: number } & Told> {
  const answer = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  const told: Told = JSON.parse(await answer.text());
  return { status: answer.status, ...told };
}

async function givenHostname(hostname: string) {
  const zone = owner.zones[0]?.id ?? assert.fail();
  const { id, ssl } = await owner.client.customHostnames.create({
    zone_id: zone,
    hostname,
    ssl: { method: 'txt', type: 'dv', wildcard: true },
  });
  await scene.carry();
  return {
    hostname: `/zones/${zone}/custom_hostnames/${id}/domain_connect`,
    pack: `/zones/${zone}/ssl/certificate_packs/${ssl?.id}/domain_connect`,
  };
}

it('its owner has a link, who only reads has none, and another account finds nothing', async () => {
  find = () => Promise.resolve(PROVIDER);
  const paths = Object.values(await givenHostname('one.shop.test'));
  const reader = await tokenFor(scene.api.jobs, { accountId: owner.id });
  const other = await scene.owner(['elsewhere.test']);
  for (const path of paths) {
    const { status, result } = await asked(path);
    assert.deepEqual([status, result?.links.map(({ kind }) => kind)], [200, ['prepare']]);
    const query = new URL(result?.links[0]?.url ?? '').searchParams;
    assert.deepEqual(
      ['domain', 'host', 'sig', 'key'].map((name) => query.get(name)),
      ['shop.test', 'one', 'c2ln', '_k'],
    );
    assert.match(query.get('delegation') ?? '', /^one\.shop\.test\.[0-9a-z]{16}$/);
    assert.equal(query.get('validation1'), null, 'a CNAME and values at one name would be no use');
    assert.equal((await asked(path, reader)).status, 403);
    assert.equal((await asked(path, other.token)).status, 404);
    assert.equal((await asked(path.replace(/[0-9a-f-]{36}\/domain/, `${owner.id}/domain`))).status, 404);
  }
});

it('a look that nobody answers ends in words, and more than eight at a time are too many', async () => {
  const { hostname } = await givenHostname('two.shop.test');
  const { promise, resolve } = Promise.withResolvers<ConnectFound>();
  find = () => promise;
  const all = Promise.all(Array.from({ length: 9 }, () => asked(hostname)));
  await new Promise((done) => setTimeout(done, 1_000));
  resolve({ kind: 'none', why: 'nobody answers' });
  const answers = await all;
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 200, 200, 200, 200, 200, 200, 200, 429],
  );
  const told = answers.find(({ status }) => status === 200);
  assert.deepEqual(told?.result, { links: [], without: [{ name: 'two.shop.test', why: 'nobody answers' }] });
  assert.equal((await asked(hostname)).status, 200, 'there is room again');
});
