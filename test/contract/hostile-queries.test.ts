/** Whatever stands in the query of a list, or of a pack that is waited for: 200 where every known parameter is good, else 400 that names one that is not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { givenPacks } from '../support/account.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';

let api: TestApi;
let account: TestAccount;
let activeId = '';
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const ends = new AsyncDisposableStack();
before(async () => {
  api = await startApi(ends);
  ends.defer(() => agent.destroy());
  account = await givenAccount(api.jobs, ['hostile.test']);
  const [, active] = await givenPacks(api, account.zones[0], [
    {},
    { status: 'active' },
    { hosts: ['a.hostile.test'] },
  ]);
  activeId = active ?? '';
});
after(() => ends.disposeAsync());

/** A parameter as it stands in the query, percent-encoded, and whether it is good. */
interface Given {
  readonly name: string;
  readonly query: string;
  readonly isGood: boolean;
}

const escaped = (value: string): string =>
  Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[^A-Za-z]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

const SIGNS = `'"\\;()[]{}<>=%*-_.,:/?#& \0\n\t0e9`;
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...SIGNS.split('')), maxLength: 20 }),
  fc.integer({ min: 100, max: 2_000 }).map((n) => 'x'.repeat(n)),
  fc.double().map(String),
  fc.bigInt().map(String),
);
/** No decoder makes text of it. */
const brokenText = fc.constantFrom('%', '%zz', '%E0%A4%A', '%ff%fe', '%ED%A0%80', '%C0%AF', '%00', '%u0031');

const named = (name: string, query: fc.Arbitrary<string>, isGood: boolean): fc.Arbitrary<Given> =>
  query.map((one) => ({ name, query: one, isGood }));

/** A sign, or a length, that no good value of any parameter has. */
const NO_VALUE = /[\s"';()[\]{}<>=%,/?#&\\]|^.{100,}$/;

/** A parameter that takes these values, and none but them among others that come by chance. */
const parameter = (name: string, good: readonly string[], bad: readonly string[]): fc.Arbitrary<Given> => {
  const is = (value: string) => `${name}=${escaped(value)}`;
  const others = anyText.filter((value) => NO_VALUE.test(value));
  const refused = fc.oneof(
    ...(bad.length > 0 ? [fc.constantFrom(...bad).map(is)] : []),
    others.map(is),
    brokenText.map((value) => `${name}=${value}`),
    fc.tuple(others, others).map(([a, b]) => `${is(a)}&${is(b)}`),
    fc.constantFrom(name, `${name}=`, ...good.map((value) => `${is(value)}&${is(value)}`)),
  );
  const taken = good.map(is);
  return fc.oneof(
    named(name, refused, false),
    ...(taken.length > 0 ? [named(name, fc.constantFrom(...taken), true)] : []),
  );
};

const UNKNOWN =
  '__proto__=1 constructor=1 page[]=0 page[0]=0 PAGE=0 %70age%20=0 = &&& ssl_status=all toString= per-page=0 status%00=x';
const unknown = named(
  '',
  fc.oneof(
    fc.tuple(anyText, anyText).map(([name, value]) => `x-${escaped(name)}=${escaped(value)}`),
    fc.constantFrom(...UNKNOWN.split(' '), '='.repeat(900), 'a'.repeat(3_000)),
  ),
  true,
);

const INTEGERS = [
  '-1',
  '1e309',
  '1e1',
  'NaN',
  'Infinity',
  '1.5',
  '+5',
  ' 5',
  '5 ',
  '0x10',
  '９',
  '99999999999',
];
const page = parameter('page', ['0', '1', '7', '1000000000'], [...INTEGERS, '1000000001', '9'.repeat(2_000)]);
const perPage = parameter('per_page', ['1', '20', '50', '0020', '1000'], [...INTEGERS, '0', '1001']);
const status = parameter(
  'status',
  ['all', 'active', 'deleted'],
  ['served', 'ACTIVE', ' active', 'active,deleted'],
);
const deploy = parameter('deploy', ['staging', 'production'], ['both', 'all', 'Staging']);
const cursor = parameter(
  'cursor',
  [],
  ['e30', 'W10', 'AAAAAAAAAAAAAAAAWyIiLDFd', 'AAAAAAAAAAAAAAAAWzEsMV0', '..'],
);

const waitFor = parameter(
  'wait_for',
  ['active', 'settled', 'deleted,active', 'active,active'],
  ['ACTIVE', 'active,', ',active', 'active, deleted', 'all', 'settled;active'],
);
const timeout = parameter('timeout', ['1', '60', '0300'], [...INTEGERS, '0', '301', '60s']);

const NO_HOSTS = '* *. . .. a..b -a.test a_b.test 1.2.3.4 [::1] *.*.test a.*.test xn--.test a@b.test'.split(
  ' ',
);
const INSTANTS =
  '2027-01-01 2027-01-01T00:00:00Z 0000-01-01 9999-12-31t23:59:59.999999+14:00 0000-01-01T00:00:00+14:00'.split(
    ' ',
  );
const NO_INSTANTS = (
  '2027-02-30 2027-13-01 2027-1-1 2027-01-01T24:01:00Z 2027-01-01T00:00:00 infinity now -0001-01-01 ' +
  '+275760-09-13 2027-01-01T00:00:00+99:99 2027-01-01T00:00:60Z epoch 1e3'
).split(' ');
const accountFilters = [
  status,
  deploy,
  perPage,
  cursor,
  parameter('type', ['advanced', 'universal'], ['Advanced', 'all']),
  parameter('certificate_authority', ['google', 'ssl_com'], ['digicert', 'all']),
  parameter('expires_before', INSTANTS, NO_INSTANTS),
  parameter('expires_after', INSTANTS, NO_INSTANTS),
  parameter('order', ['created_on'], ['created', 'expires_on,created_on', 'EXPIRES_ON']),
  parameter('direction', ['asc', 'desc'], ['up', 'ASC', 'descending']),
  parameter(
    'host',
    ['a.hostile.test', '*.hostile.test', 'BÜCHER.test'],
    [...NO_HOSTS, 'test', `${'a.'.repeat(130)}test`],
  ),
  parameter(
    'host.suffix',
    ['test', 'hostile.test', 'co.uk'],
    [...NO_HOSTS, '*.hostile.test', 'a'.repeat(64)],
  ),
  parameter('zone_id', [], ['0', 'g'.repeat(32), 'A'.repeat(32), '0'.repeat(33)]),
  named(
    'page',
    anyText.map((value) => `page=${escaped(value)}`),
    false,
  ),
];

const queriesOf = (parameters: readonly fc.Arbitrary<Given>[]) =>
  fc
    .tuple(
      fc.subarray(
        parameters.map((_, i) => i),
        { maxLength: Math.min(3, parameters.length) },
      ),
      fc.gen(),
    )
    .chain(([chosen]) => fc.tuple(...chosen.flatMap((i) => parameters[i] ?? []), unknown));

const LISTS: readonly {
  readonly list: string;
  readonly path: () => string;
  readonly queries: fc.Arbitrary<Given[]>;
  readonly n: number;
}[] = [
  {
    list: 'list of a zone',
    path: () => ofZone(),
    queries: queriesOf([page, perPage, status, deploy]),
    n: 4_000,
  },
  { list: 'list of an account', path: () => ofAccount(), queries: queriesOf(accountFilters), n: 4_000 },
  {
    list: 'export of a zone',
    path: () => `${ofZone()}/export`,
    queries: queriesOf([status, deploy, cursor]),
    n: 1_000,
  },
  {
    list: 'export of an account',
    path: () => `${ofAccount()}/export`,
    queries: queriesOf([status, deploy, cursor]),
    n: 1_000,
  },
  {
    list: 'pack that is waited for',
    path: () => `${ofZone()}/${activeId}`,
    queries: queriesOf([waitFor, timeout]),
    n: 1_000,
  },
];

const ofZone = (): string => `/zones/${account.zones[0]?.id}/ssl/certificate_packs`;
const ofAccount = (): string => `/accounts/${account.id}/ssl/certificate_packs`;

interface Answer {
  readonly errors: readonly { readonly source?: { readonly pointer: string } }[];
}

async function ask(path: string): Promise<{ status: number; body: string }> {
  const headers = { authorization: `Bearer ${account.token}` };
  const asked = request(api.url + path, { agent, headers, timeout: 20_000 }).end();
  const [response] = await once(asked, 'response');
  return { status: response.statusCode, body: await text(response) };
}

/** Undefined where the answer is as it should be. */
async function faultOf(path: string, given: readonly Given[]): Promise<string | undefined> {
  const query = given.map((one) => one.query).join('&');
  const { status: is, body } = await ask(`${path}?${query}`);
  const bad = given.filter(({ isGood }) => !isGood).map(({ name }) => `/${name}`);
  const { errors }: Answer = is === 400 ? JSON.parse(body) : { errors: [] };
  const pointer = errors[0]?.source?.pointer;
  const isRight = bad.length === 0 ? is === 200 : is === 400 && bad.includes(pointer ?? '');
  return isRight ? undefined : `${is} ${body.slice(0, 300)} for ${path}?${query.slice(0, 500)}`;
}

for (const { list, path, queries, n } of LISTS) {
  it(`the ${list} answers ${n} queries by what they say`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const all = fc.sample(queries, { numRuns: n, seed });
    const workers = Array.from({ length: 16 }, async (_, first) => {
      for (let i = first; i < all.length; i += 16) {
        assert.equal(await faultOf(path(), all[i] ?? []), undefined, `seed ${seed}`);
      }
    });
    await Promise.all(workers);
  });
}
