/**
 * The calls that the suites of Cloudflare's own client make of what is here, each with what it needs alone and with all that it
 * takes, by the ids of the documentation: the stand-in with these fixtures answers them, but for those that name why not.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Cloudflare, { APIError } from 'cloudflare';
import type { APIPromise } from 'cloudflare/core/api-promise';
import { systemClock } from '../../src/kit/clock.ts';
import { ALERTING_REFUSED, alerting } from '../support/suite-alerting.ts';
import {
  type Calls,
  CUSTOM,
  customCertificates,
  customCsrs,
  ID,
  type RefusedCall,
  record,
  records,
  ssl,
  zone,
  zones,
} from '../support/suite-calls.ts';
import { customHostnames, HOSTNAMES_REFUSED } from '../support/suite-hostnames.ts';
import { keylessCertificates } from '../support/suite-keyless.ts';
import { givenCa } from '../support/uploads.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const FILE = fileURLToPath(new URL('../../examples/fixtures/documentation.json', import.meta.url));
const TOKEN = 'ed17574386854bf78a67040be0a770b0';
const account = { account_id: 'eb78d65290b24279ba6f44721b3ea3c4' } as const;
const aliased = { account_id: ID } as const;

let world: DevWorld;
let dir = '';
let certificate: string;
/** Certificates of a CA that the operator trusts, made ahead. */
const uploads: { readonly certificate: string; readonly private_key: string }[] = [];
const next = () => uploads.pop() ?? assert.fail('more are uploaded than were made');
const clients: Record<string, Cloudflare> = {};
before(async () => {
  const ca = await givenCa({ clock: systemClock() });
  for (let i = 0; i < 30; i++) {
    const { certificate: pem, private_key } = await ca.issue(['example.com', '*.example.com']);
    uploads.push({ certificate: pem, private_key });
  }
  dir = mkdtempSync(join(tmpdir(), 'certpacks-roots-'));
  writeFileSync(join(dir, 'roots.pem'), ca.root);
  world = await startDev(['--port', '0', '--fixtures', FILE], {
    CERTPACKS_UPLOAD_ROOTS_FILE: join(dir, 'roots.pem'),
  });
  const { root_pem: root } = await world.tell<{ root_pem: string }>('GET', '/ca/google');
  certificate = root;
  const usual = { baseURL: world.api, maxRetries: 0 };
  const [apiEmail, apiKey] = ['user@example.com', '144c9defac04969c7bfad8efaa8ea194'];
  clients['key'] = new Cloudflare({ ...usual, apiEmail, apiKey, apiToken: null });
  clients['token'] = new Cloudflare({ ...usual, apiToken: 'Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY' });
  clients['other token'] = new Cloudflare({ ...usual, apiToken: 'My API Token' });
});
after(async () => {
  await world?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const ZONE = 'com.cloudflare.api.account.zone';
const policyOf = (...zoneIds: string[]) => ({
  effect: 'allow' as const,
  permission_groups: [{ id: 'c8fed203ed3043cba015a93ad1616f1f' }, { id: '82e64a83756745bbbb1c9c2701bf816b' }],
  resources: Object.fromEntries(zoneIds.map((id) => [`${ZONE}.${id}`, '*'])),
});
const token = {
  name: 'readonly token',
  policies: [policyOf('22b1de5f1c0e4b3ea97bb1e963b06a43')],
};
const terms = {
  condition: {
    request_ip: {
      in: ['123.123.123.0/24', '2606:4700::/32'],
      not_in: ['123.123.123.100/24', '2606:4700:4700::/48'],
    },
  },
  expires_on: '2020-01-01T00:00:00Z',
  not_before: '2018-07-01T05:20:00Z',
};
const group = { name: 'Account%20Settings%20Write', scope: 'com.cloudflare.api.account.zone' };

const tokens: Readonly<Record<string, Calls>> = {
  'user.tokens.create': [
    (c) => c.user.tokens.create(token),
    (c) => c.user.tokens.create({ ...token, ...terms }),
  ],
  'user.tokens.update': [
    (c) => c.user.tokens.update(TOKEN, token),
    (c) => c.user.tokens.update(TOKEN, { ...token, ...terms, status: 'active' }),
  ],
  'user.tokens.list': [
    (c) => c.user.tokens.list(),
    (c) => c.user.tokens.list({ direction: 'desc', page: 1, per_page: 5 }),
  ],
  'user.tokens.delete': [(c) => c.user.tokens.delete(TOKEN)],
  'user.tokens.get': [(c) => c.user.tokens.get(TOKEN)],
  'user.tokens.verify': [(c) => c.user.tokens.verify()],
  'user.tokens.permissionGroups.list': [
    (c) => c.user.tokens.permissionGroups.list(),
    (c) => c.user.tokens.permissionGroups.list(group),
  ],
  'user.tokens.value.update': [(c) => c.user.tokens.value.update(TOKEN)],
};

const accountTokens: Readonly<Record<string, Calls>> = {
  'accounts.tokens.create': [
    (c) => c.accounts.tokens.create({ ...account, ...token }),
    (c) => c.accounts.tokens.create({ ...account, ...token, ...terms }),
  ],
  'accounts.tokens.update': [
    (c) => c.accounts.tokens.update(TOKEN, { ...account, ...token }),
    (c) => c.accounts.tokens.update(TOKEN, { ...account, ...token, ...terms, status: 'active' }),
  ],
  'accounts.tokens.list': [
    (c) => c.accounts.tokens.list(account),
    (c) =>
      c.accounts.tokens.list({
        ...account,
        direction: 'desc',
        include_expired: true,
        page: 1,
        per_page: 5,
      }),
  ],
  'accounts.tokens.delete': [(c) => c.accounts.tokens.delete(TOKEN, account)],
  'accounts.tokens.get': [(c) => c.accounts.tokens.get(TOKEN, account)],
  'accounts.tokens.verify': [(c) => c.accounts.tokens.verify(account)],
  'accounts.tokens.permissionGroups.list': [
    (c) => c.accounts.tokens.permissionGroups.list(aliased),
    (c) => c.accounts.tokens.permissionGroups.list({ ...aliased, ...group }),
  ],
  'accounts.tokens.permissionGroups.get': [
    (c) => c.accounts.tokens.permissionGroups.get(aliased),
    (c) => c.accounts.tokens.permissionGroups.get({ ...aliased, ...group }),
  ],
  'accounts.tokens.value.update': [(c) => c.accounts.tokens.value.update(TOKEN, aliased)],
};

for (const who of ['key', 'token', 'other token'])
  describe(`by ${who}`, () => {
    before(isServed);
    for (const suite of [
      ssl(() => certificate),
      customCertificates(next),
      customCsrs,
      keylessCertificates(next),
      customHostnames(next),
      zones,
      records,
      tokens,
      accountTokens,
      alerting,
    ])
      for (const [name, calls] of Object.entries(suite))
        it(`${name} is answered`, async () => {
          for (const call of calls) await assertAnswered(call(clients[who] ?? assert.fail()));
        });
  });

/** Waits until the zone has a certificate to analyze; one of the calls pauses it, another takes it away. */
async function isServed(): Promise<void> {
  const client = clients['key'] ?? assert.fail();
  await client.zones.edit({ ...zone, paused: false });
  const list = async () => (await client.ssl.certificatePacks.list(zone)).result;
  await until(list, (packs) =>
    packs.some(({ status, hosts }) => status === 'active' && hosts.includes('example.com')),
  );
}

/** As those suites look at an answer: raw, as data, and both together. */
async function assertAnswered(asked: APIPromise<unknown>): Promise<void> {
  const { data, response } = await asked.withResponse();
  assert([200, 201, 202].includes(response.status), String(response.status));
  assert.equal(await asked, data);
  assert.equal(await asked.asResponse(), response);
  assert.notEqual(data, undefined);
}

const REFUSED: readonly RefusedCall[] = [
  [
    'a batch that deletes, patches and overwrites the same record: what is deleted is not there any more',
    404,
    81044,
    (c) =>
      c.dns.records.batch({
        ...zone,
        deletes: [{ id: ID }],
        patches: [{ ...record, id: ID }],
        posts: [record],
        puts: [{ ...record, id: ID }],
      }),
  ],
  [
    'a token for a zone that is none, but has the id of the account: nothing ever becomes more than it says',
    400,
    1400,
    (c) => c.user.tokens.create({ ...token, policies: [policyOf(account.account_id)] }),
  ],
  [
    'a token for resources that are none here',
    400,
    1400,
    (c) =>
      c.accounts.tokens.create({
        ...account,
        ...token,
        policies: [{ ...policyOf(), resources: { resource: 'resource', scope: 'scope' } }],
      }),
  ],
  [
    'an upload that is to stay in a region from now on: where its key is by now, it stays',
    400,
    1011,
    (c) => c.customCertificates.edit(CUSTOM, { ...zone, geo_restrictions: { label: 'us' } }),
  ],
  ['a scan of records that are elsewhere', 404, 7000, (c) => c.dns.records.scan(zone)],
  ...ALERTING_REFUSED,
  ...HOSTNAMES_REFUSED,
];
for (const [why, status, code, call] of REFUSED)
  it(`is not answered: ${why}`, async () => {
    await assert.rejects(call(clients['key'] ?? assert.fail()), (error: unknown) => {
      assert(error instanceof APIError, String(error));
      assert.deepEqual([error.status, error.errors[0]?.code], [status, code], error.message);
      return true;
    });
  });
