/** Custom hostnames by one click: from the link over a provider that checks and applies it to an active hostname, and a command. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { connectTemplate } from '../../src/pack/domain-connect.ts';
import { MAIN } from '../support/commands.ts';
import { askApi } from '../support/dashboard-views.ts';
import { type SimulatedProvider, startProvider } from '../support/domain-connect-provider.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const LIMIT = { timeout: 150_000 };
const PROVIDER_ID = 'platform.test';
const TERMS = {
  providerId: PROVIDER_ID,
  providerName: 'Platform',
  keyName: '_dck7',
  delegationZone: 'dcv.certpacks.test',
};

const ends = new AsyncDisposableStack();
let provider: SimulatedProvider;
let world: DevWorld;
let environment: Record<string, string>;
let zone: string;

before(async () => {
  provider = await startProvider(ends);
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-connect-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const file = (name: string, body: string) => {
    writeFileSync(join(dir, name), body, { mode: 0o600 });
    return join(dir, name);
  };
  environment = {
    CERTPACKS_CONNECT_PROVIDER_ID: PROVIDER_ID,
    CERTPACKS_CONNECT_PROVIDER_NAME: 'Platform',
    CERTPACKS_CONNECT_KEY_NAME: '_dck7',
    CERTPACKS_CONNECT_KEY_FILE: file('key.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
    CERTPACKS_ALERT_CA_FILE: file('root.pem', provider.rootPem),
  };
  world = await startDev([], environment);
  ends.defer(() => world.stop());
  const account = { id: world.account_id };
  zone = (await world.client.zones.create({ account, name: 'saas.test', type: 'full' })).id;
  const record = { type: 'A', name: 'customers', content: '192.0.2.9', ttl: 1, proxied: true } as const;
  await world.client.dns.records.create({ zone_id: zone, ...record });
  await askApi(world, 'PUT', `/zones/${zone}/custom_hostnames/fallback_origin`, {
    origin: 'customers.saas.test',
  });
}, LIMIT);
after(() => ends.disposeAsync());

const put = async (name: string, type: string, values: readonly string[]) => {
  await world.tell('PUT', '/dns/records', { name, type, values });
};

/** The world as people at the provider see it. */
const seen = {
  put,
  txt: async (name: string) => {
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    resolver.setServers([`127.0.0.1:${world.dns.port}`]);
    return (await resolver.resolveTxt(name).catch(() => [])).map((parts) => parts.join(''));
  },
};

interface Answer {
  readonly links: readonly {
    readonly kind: string;
    readonly host: string;
    readonly domain: string;
    readonly provider: string;
    readonly url: string;
    readonly width: number;
    readonly records: readonly { readonly type: string; readonly name: string; readonly value: string }[];
  }[];
  readonly without: readonly {
    readonly name: string;
    readonly why: string;
    readonly control_panel?: string;
  }[];
}

interface Hostname {
  readonly id: string;
  readonly status: string;
  readonly ssl: { readonly id: string; readonly status: string };
}

const path = (id = '') => `/zones/${zone}/custom_hostnames/${id}`;
const linksOf = (id: string) => askApi<Answer>(world, 'GET', `${path(id)}/domain_connect`);
const makeHostname = (hostname: string) =>
  askApi<Hostname>(world, 'POST', `/zones/${zone}/custom_hostnames`, {
    hostname,
    ssl: { method: 'txt', type: 'dv' },
  });

async function run(args: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: world.token, ...environment };
  const child = spawn(process.execPath, [MAIN, 'domain-connect', ...args], { env, timeout: 90_000 });
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status: Number(status), out, err };
}

/** The provider of customer.test speaks Domain Connect, has our templates, and our key is in DNS. */
async function givenAll() {
  provider.zones.splice(0, Infinity, 'customer.test');
  await put('_domainconnect.customer.test', 'TXT', [provider.prefix]);
  provider.templates.splice(
    0,
    Infinity,
    connectTemplate(TERMS, 'custom-hostname'),
    connectTemplate(TERMS, 'certificate'),
  );
  const { out } = await run(['key']);
  const values = [...out.matchAll(/^_dck7\.platform\.test\. 3600 IN TXT "(.*)"$/gm)].map(
    ([, one = '']) => one,
  );
  assert.ok(values.length > 1 && values.every((one) => one.length <= 255), out);
  await put('_dck7.platform.test', 'TXT', values.toReversed());
}

/** Moves time on until a hostname and its certificates are active. */
const untilActive = (id: string) =>
  until(
    async () => {
      await world.tell('POST', '/clock', { advance_s: 61 });
      return askApi<Hostname>(world, 'PATCH', path(id), {});
    },
    (one) => one.status === 'active' && one.ssl.status === 'active',
    60,
  );

it('why there is no link is said: no provider, none of our template, no answer', LIMIT, async () => {
  const { id } = await makeHostname('none.other.test');
  assert.deepEqual(await linksOf(id), {
    links: [],
    without: [
      {
        name: 'none.other.test',
        why: 'the DNS provider of other.test does not offer Domain Connect (no TXT record _domainconnect.other.test)',
      },
    ],
  });
  await put('_domainconnect.other.test', 'TXT', ['v=junk; not a place', provider.prefix]);
  const [strange] = (await linksOf(id)).without;
  assert.match(strange?.why ?? '', /settings cannot be read: it answers HTTP 404/);
  provider.zones.splice(0, Infinity, 'other.test');
  const [early] = (await linksOf(id)).without;
  assert.match(early?.why ?? '', /Simulated DNS does not have our template yet/);
  assert.equal(early?.control_panel, `https://${provider.prefix}/panel/other.test`);
  await put('_domainconnect.other.test', 'TXT', ['10.1.2.3/dc']);
  assert.match((await linksOf(id)).without[0]?.why ?? '', /10\.1\.2\.3, which is not a public address/);
});

it('one click shows control and gets the certificates, a second one leads the name here', LIMIT, async () => {
  await givenAll();
  const { id } = await makeHostname('app.customer.test');
  const { links } = await linksOf(id);
  const control = ['TXT _cf-custom-hostname.app.customer.test', 'CNAME _acme-challenge.app.customer.test'];
  assert.deepEqual(
    links.map(({ kind, domain, host, width, records }) => [
      kind,
      `${host}|${domain}|${width}`,
      ...records.map(({ type, name }) => `${type} ${name}`),
    ]),
    [
      ['prepare', 'app|customer.test|600', ...control],
      ['connect', 'app|customer.test|600', ...control, 'CNAME app.customer.test'],
    ],
  );
  const [prepare, connect] = links.map(({ url }) => url);
  assert(prepare !== undefined && connect !== undefined);
  const forged = prepare.replace(/delegation=[^&.]*/, 'delegation=evil');
  assert.notEqual(forged, prepare);
  assert.equal((await provider.open(forged, seen)).status, 401);
  assert.deepEqual(await provider.open(prepare, seen), { status: 200, says: 'applied' });
  await untilActive(id);
  const over = await linksOf(id);
  assert.deepEqual(
    over.links.map(({ kind, records }) => [kind, ...records.map(({ type }) => type)]),
    [
      ['prepare', 'CNAME'],
      ['connect', 'CNAME', 'CNAME'],
    ],
  );
  assert.equal((await provider.open(over.links[1]?.url ?? '', seen)).status, 200);
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${world.dns.port}`]);
  assert.deepEqual(await resolver.resolveCname('app.customer.test'), ['customers.saas.test']);
});

it('a name of a whole zone gets control by a click, and is told what it cannot get', LIMIT, async () => {
  await givenAll();
  const { id } = await makeHostname('customer.test');
  const { links, without } = await linksOf(id);
  assert.deepEqual(
    links.map(({ kind, host }) => [kind, host]),
    [['prepare', '']],
  );
  assert.match(without[0]?.why ?? '', /no CNAME can lead elsewhere/);
  assert.equal((await provider.open(links[0]?.url ?? '', seen)).status, 200);
});

it('packs have links too, and a command prints them and the templates', LIMIT, async () => {
  await givenAll();
  const account = { id: world.account_id };
  const { id } = await world.client.zones.create({ account, name: 'customer.test', type: 'partial' });
  const pack = await world.client.ssl.certificatePacks.create({
    zone_id: id,
    type: 'advanced',
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
    hosts: ['customer.test', '*.shop.customer.test'],
  });
  const { status, out, err } = await run([
    'link',
    '--api',
    world.api,
    '--zone',
    'customer.test',
    '--pack',
    pack.id,
  ]);
  assert.equal(status, 0, err);
  const urls = out.match(/https:\S+/g) ?? [];
  assert.equal(urls.length, 2, out);
  for (const url of urls) assert.equal((await provider.open(url, seen)).status, 200);
  const printed = await run(['template', 'custom-hostname']);
  assert.deepEqual(JSON.parse((await run(['template', 'certificate'])).out).serviceId, 'certificate');
  assert.deepEqual(JSON.parse(printed.out).providerName, 'Platform');
});
