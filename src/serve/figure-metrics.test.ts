/** What Prometheus is told of the whole installation, and of certificates of chosen zones. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import {
  givenCertificates,
  givenPack,
  givenZone,
  startJobDeps,
  type TestJobDeps,
} from '../../test/support/job-deps.ts';
import { needs } from '../../test/support/peers.ts';
import { createCa } from '../ca/registry.ts';
import { countFigures } from '../job/periodic/figures.ts';
import { days, hours, minutes } from '../kit/time.ts';
import { take } from '../store/ca-limits.ts';
import { transaction } from '../store/store.ts';
import { zoneKey } from '../store/zone-key.ts';
import { addCertificates } from './certificate-metrics.ts';
import { addFigures } from './figure-metrics.ts';
import { caStores } from './sources.ts';

let deps: TestJobDeps;
const ends = new AsyncDisposableStack();
before(async () => {
  deps = await startJobDeps(ends);
});
after(() => ends.disposeAsync());

const LIMITS = { orders: { most: 4, within: hours(4) } };
const ROW = {
  name: 'google',
  directoryUrl: 'https://ca.test/directory',
  contact: [],
  hasAgreedToTerms: true,
  validityDays: [90],
  sendsNotAfter: false,
  allowsWildcard: true,
  allowsIdn: true,
  reusesAuthorizations: true,
  isPublic: false,
  limits: LIMITS,
} as const;

function told(): Registry {
  const registry = new Registry();
  addFigures(registry, { ...deps, rows: [ROW], edges: [{ name: 'edge-a' }] });
  return registry;
}

/** Lines of a metric. */
const linesOf = (text: string, name: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

test('before anything is counted there are no values, and no failure', async () => {
  const text = await told().metrics();
  assert.deepEqual(linesOf(text, 'certpacks_packs'), []);
  assert.match(text, /# TYPE certpacks_life_left_ratio histogram/);
});

test(
  'the histogram of lives is one that Prometheus reads, by CA',
  needs('promtool', 'prometheus'),
  async () => {
    const zone = await givenZone(deps, 'one.test');
    await givenCertificates(
      deps,
      await givenPack(deps, zone, { status: 'active', certificateAuthority: 'google' }),
    );
    deps.clock.advance(days(50));
    await givenCertificates(
      deps,
      await givenPack(deps, zone, { status: 'active', certificateAuthority: 'google' }),
    );
    const bucket = { kind: 'orders', subject: '', limit: LIMITS.orders };
    for (let i = 0; i < 3; i++)
      await transaction(deps.pool, (tx) => take(tx, 'google', [bucket], deps.clock.now()));
    await countFigures(deps, new AbortController().signal);
    const text = await told().metrics();
    assert.deepEqual(linesOf(text, 'certpacks_life_left_ratio_bucket'), [
      ...['0', '0.05', '0.1', '0.2', '0.3333'].map(
        (le) => `certpacks_life_left_ratio_bucket{le="${le}",ca="google"} 0`,
      ),
      ...['0.5', '0.6667'].map((le) => `certpacks_life_left_ratio_bucket{le="${le}",ca="google"} 1`),
      ...['1', '+Inf'].map((le) => `certpacks_life_left_ratio_bucket{le="${le}",ca="google"} 2`),
    ]);
    assert.deepEqual(linesOf(text, 'certpacks_life_left_ratio_count'), [
      'certpacks_life_left_ratio_count{ca="google"} 2',
    ]);
    assert.match(text, /^certpacks_packs\{status="active",renewed_by="service"\} 2$/m);
    assert.match(text, /^certpacks_packs\{status="active",renewed_by="owner"\} 0$/m);
    assert.match(text, /^certpacks_renewals_overdue\{ca="google"\} 0$/m);
    assert.match(text, /^certpacks_figures_age_seconds\{figures="packs"\} [01]\b/m);
    execFileSync('promtool', ['check', 'metrics'], { input: text, timeout: 20_000 });
  },
);

const left = async () => linesOf(await told().metrics(), 'certpacks_ca_limit_left');

test('what is left of a limit is told as of now, not as of the count', async () => {
  const cas = new Map([['google', createCa(ROW, { ...caStores(deps), ...deps })]] as const);
  deps.clock.advance(minutes(1));
  await countFigures({ ...deps, cas }, new AbortController().signal);
  assert.deepEqual(await left(), ['certpacks_ca_limit_left{ca="google",limit="orders"} 1']);
  deps.clock.advance(hours(2));
  assert.deepEqual(await left(), ['certpacks_ca_limit_left{ca="google",limit="orders"} 3']);
  deps.clock.advance(hours(10));
  assert.deepEqual(await left(), ['certpacks_ca_limit_left{ca="google",limit="orders"} 4']);
});

test('custom hostnames and names that move in are counted by their status', async () => {
  const zone = await givenZone(deps, 'customers.test');
  const now = deps.clock.now();
  const key = zoneKey(zone.id);
  for (const [i, status] of ['pending', 'active', 'active'].entries())
    await deps.pool.query(
      `insert into custom_hostnames (cell, zone_id, id, ord, hostname, status, token, wildcard, bundle_method, settings, errors,
         created_on, modified_on, looks)
       values ($1, $2, gen_random_uuid(), $3, $4, $5, gen_random_uuid(), false, 'ubiquitous', '{}', '{}', $6, $6, 0)`,
      [key.cell, key.zone, i, `h${i}.test`, status, now],
    );
  await deps.pool.query(
    `insert into move_ins (cell, zone_id, id, account_id, key, hosts, validation_method, status, planned_for, wanted_by, actor,
       created_on)
     values ($1, $2, gen_random_uuid(), $3, 'k', '{a.test}', 'txt', 'planned', $4, $4, '{}', $4)`,
    [key.cell, key.zone, zone.accountId, now],
  );
  deps.clock.advance(hours(1));
  await countFigures(deps, new AbortController().signal);
  const text = await told().metrics();
  assert.deepEqual(linesOf(text, 'certpacks_custom_hostnames').toSorted(), [
    'certpacks_custom_hostnames{status="active"} 2',
    'certpacks_custom_hostnames{status="pending"} 1',
  ]);
  assert.deepEqual(linesOf(text, 'certpacks_move_ins'), ['certpacks_move_ins{status="planned"} 1']);
});

test('however many metrics are of figures, an answer asks the database once', async () => {
  let asked = 0;
  const pool = new Proxy(deps.pool, {
    get: (of, name) => {
      if (name === 'query') asked += 1;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
  const registry = new Registry();
  addFigures(registry, { ...deps, pool, rows: [ROW], edges: [] });
  await registry.metrics();
  assert.equal(asked, 1);
});

/** A certificate with this common name, and its key, made by OpenSSL. */
function certificateNamed(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-named-'));
  try {
    const path = join(dir, 'certificate.pem');
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      join(dir, 'key.pem'),
    ];
    const args = [
      'req',
      '-x509',
      ...key,
      '-utf8',
      '-subj',
      `/O=Owner/CN=${name}`,
      '-days',
      '9',
      '-out',
      path,
    ];
    execFileSync('openssl', args, { stdio: 'pipe', timeout: 20_000 });
    return readFileSync(path, 'utf8');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test(
  'certificates of chosen zones are told as x509-certificate-exporter tells them, whatever stands in them',
  needs('promtool', 'prometheus'),
  async () => {
    const zone = await givenZone(deps, 'watched.test');
    const packId = await givenPack(deps, zone, { status: 'active', hosts: ['watched.test'] });
    await givenCertificates(deps, packId, ['ecdsa']);
    const other = await givenZone(deps, 'other.test');
    await givenCertificates(deps, await givenPack(deps, other, { status: 'active' }), ['ecdsa']);
    const hostile = 'a"} 1\nx509_cert_not_after{zone="\\\u202eb"';
    const pem = certificateNamed(hostile);
    await deps.pool.query('update certificates set chain = $2 where pack_id = $1', [packId, pem]);
    const registry = new Registry();
    const zones = ['Watched.test.', 'absent.test'];
    addCertificates(registry, { ...deps, zones });
    const text = await registry.metrics();
    const lines = linesOf(text, 'x509_cert_not_after');
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /serial_number="\d{10,}",subject_C="",.*subject_O="Owner",.*issuer_O="Owner",/,
    );
    const name = String.raw`subject_CN="a\"} 1\\u000ax509_cert_not_after{zone=\"\\u202eb\""`;
    assert(lines[0]?.includes(name), lines[0]);
    const path = `filepath="/zones/${zone.id}/ssl/certificate_packs/${packId}/ecdsa",zone="watched.test",pack="${packId}"`;
    assert(lines[0]?.includes(path), lines[0]);
    assert.match(text, /^certpacks_watched_certificates\{zone="watched.test"\} 1$/m);
    assert.match(text, /^certpacks_watched_certificates\{zone="absent.test"\} 0$/m);
    assert.match(text, /^certpacks_watched_packs_left_out 0$/m);
    assert.match(text, /^x509_cert_expired\{.*\} 0$/m);
    execFileSync('promtool', ['check', 'metrics'], { input: text, timeout: 20_000 });
    deps.clock.advance(days(91));
    assert.match(await registry.metrics(), /^x509_cert_expired\{.*\} 1$/m);
  },
);

/** SQL that gives a copy of the row `one` of a table, with another id. */
const copyOf = (table: string, more: string) =>
  `jsonb_populate_record(null::${table}, to_jsonb(one) || jsonb_build_object('id', gen_random_uuid(), ${more})) as row`;

test('of more than five hundred packs it is told how many are left out', async () => {
  const zone = await givenZone(deps, 'many.test');
  const packId = await givenPack(deps, zone, { status: 'active' });
  await givenCertificates(deps, packId, ['ecdsa']);
  await deps.pool.query(
    `with made as (
       insert into packs select row.* from packs as one, generate_series(1, 504) as n, lateral ${copyOf('packs', "'ord', 1000 + n")}
        where one.id = $1 returning cell, zone_id, id)
     insert into certificates select row.* from made, certificates as one, lateral ${copyOf('certificates', "'pack_id', made.id")}
      where one.pack_id = $1`,
    [packId],
  );
  // As the service counts them.
  await deps.pool.query(
    'update zones set counts = (select array_agg(n * 505 order by i) from unnest(counts) with ordinality as one (n, i)) where id = $1',
    [zone.id],
  );
  const registry = new Registry();
  addCertificates(registry, { ...deps, zones: ['many.test', 'watched.test'] });
  const text = await registry.metrics();
  assert.equal(linesOf(text, 'x509_cert_not_after').length, 500);
  assert.match(text, /^certpacks_watched_packs_left_out 6$/m);
});

const add = (zones: string[]) => () => addCertificates(new Registry(), { ...deps, zones });

test('what is no name of a zone is refused, and shown as it is', () => {
  for (const wrong of ['*.example.com', 'localhost', 'exa mple.com', 'a\u202eb'])
    assert.throws(add([wrong]), /metrics_certificate_zones has/);
  assert.throws(add(['a\u202eb']), /'a\\u202eb'/);
});
