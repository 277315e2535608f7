/** Bodies as clients really send them, and what is said of those that are wrong. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { givenPack } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
let pack: string;
before(async () => {
  api = await startApi(ends);
  account = await givenOwner(api, ['bodies.test']);
  const [zone] = account.zones;
  assert.ok(zone);
  const id = await givenPack(api.jobs, zone);
  pack = `/zones/${zone.id}/ssl/certificate_packs/${id}`;
});
after(() => ends.disposeAsync());

interface Reply {
  readonly status: number;
  readonly code: number | undefined;
  readonly pointer: string | undefined;
  readonly message: string;
  readonly result: { readonly name?: string } | null;
}

async function send(
  method: string,
  path: string,
  body: string | Buffer,
  type = 'application/json',
): Promise<Reply> {
  const answer = await fetch(api.url + path, {
    method,
    headers: { authorization: `Bearer ${account.token}`, 'content-type': type },
    body: new Uint8Array(Buffer.from(body)),
    signal: AbortSignal.timeout(10_000),
  });
  const { errors, result }: { errors: Refusal[]; result: Reply['result'] } = JSON.parse(await answer.text());
  const { code, message = '', source } = errors[0] ?? {};
  return { status: answer.status, code, pointer: source?.pointer, message, result };
}

interface Refusal {
  readonly code?: number;
  readonly message?: string;
  readonly source?: { readonly pointer: string };
}

const BOM = '\ufeff';

it('JSON behind a byte order mark is taken', async () => {
  const { status, result, message } = await send('POST', '/zones', `${BOM}{"name":"mark.test"}`);
  assert.deepEqual([status, result?.name], [200, 'mark.test'], message);
  const utf8 = 'application/json; charset=utf-8';
  assert.equal((await send('POST', '/zones', `${BOM}{"name":"other.test"}`, utf8)).status, 200);
  assert.equal((await send('PATCH', pack, `${BOM}{}`)).status, 200);
});

it('JSON in UTF-16 behind its mark is taken, and bytes that are no text are refused', async () => {
  const [little, big] = ['{"name":"little.test"}', '{"name":"bück.test"}'].map((text) =>
    Buffer.from(`${BOM}${text}`, 'utf16le'),
  );
  assert.equal((await send('POST', '/zones', little ?? '')).status, 200);
  const { status, result } = await send('POST', '/zones', big?.swap16() ?? '');
  assert.deepEqual([status, result?.name], [200, 'xn--bck-hoa.test']);
  const { code, message } = await send('POST', '/zones', Buffer.from('{"name":"b\xfcck.test"}', 'latin1'));
  assert.deepEqual([code, message], [1400, 'the body is not in UTF-8']);
});

it('a byte order mark alone is no body at all, and two are not JSON', async () => {
  assert.equal((await send('PATCH', pack, BOM)).status, 200);
  assert.equal((await send('PATCH', pack, `${BOM}${BOM}{}`)).code, 1400);
  assert.equal((await send('PATCH', pack, `{}${BOM}`)).code, 1400);
});

const WRONG: readonly (readonly [string, () => string, string, string, RegExp])[] = [
  ['PATCH', () => pack, '{"cloudflare_branding":"yes"}', '/cloudflare_branding', /must be boolean/],
  ['PATCH', () => pack, '{"cloudflare_branding":1}', '/cloudflare_branding', /must be boolean/],
  ['PATCH', () => pack, '{"cloudflare_branding":null}', '/cloudflare_branding', /must be boolean/],
  ['PATCH', () => pack, '[]', '', /must be a JSON object/],
  ['PATCH', () => pack, '"x"', '', /must be a JSON object/],
  ['POST', () => `${pack}/revoke`, '{"reason":"dull"}', '/reason', /keyCompromise/],
  ['POST', () => `${pack}/revoke`, '{"reason":1}', '/reason', /keyCompromise/],
  ['POST', () => '/zones', '{"name":1}', '/name', /string/],
  ['POST', () => '/zones', '{"name":"x.test","account":1}', '/account', /object/],
  ['POST', () => '/zones', '{"name":"x.test","account":{"id":1}}', '/account/id', /string/],
];
for (const [method, path, body, pointer, says] of WRONG) {
  it(`${method} of ${body} is refused with a pointer to ${JSON.stringify(pointer)}`, async () => {
    const reply = await send(method, path(), body);
    assert.deepEqual([reply.status, reply.code, reply.pointer], [400, 1400, pointer], reply.message);
    assert.match(reply.message, says);
  });
}

const NAMES = [
  ['NUL', 'a\0b.test'],
  ['a line end', 'a\n.test'],
  ['an escape', 'a\u001b[2Jb.test'],
  ['C1', 'a\u009bb.test'],
  ['right-to-left override', 'a\u202eb.test'],
  ['an isolate', 'a\u2066b.test'],
  ['no width', 'a\u200bb.test'],
  ['a soft hyphen', 'a\u00adb.test'],
  ['a byte order mark', 'a\ufeffb.test'],
] as const;
for (const [what, name] of NAMES) {
  it(`a name with ${what} is refused, of a zone and of a host`, async () => {
    const zone = await send('POST', '/zones', JSON.stringify({ name }));
    assert.deepEqual([zone.status, zone.code, zone.pointer], [400, 1099, '/name'], zone.message);
    const order = {
      type: 'advanced',
      hosts: ['bodies.test', name.replace('.test', '.bodies.test')],
      certificate_authority: 'google',
      validation_method: 'txt',
      validity_days: 90,
    };
    const place = pack.replace(/[^/]*$/, 'order');
    const host = await send('POST', place, JSON.stringify(order));
    assert.deepEqual([host.status, host.code, host.pointer], [400, 1407, '/hosts/1'], host.message);
  });
}

const HEADERS: readonly (readonly [string, Record<string, string>, number, number, number | undefined])[] = [
  ['a key that is none', { 'x-auth-email': 'a@b.test', 'x-auth-key': 'short' }, 400, 6003, 6103],
  ['an address that is none', { 'x-auth-email': 'a', 'x-auth-key': '0'.repeat(37) }, 400, 6003, 6102],
  [
    'a key that is not known',
    { 'x-auth-email': 'a@b.test', 'x-auth-key': '0'.repeat(37) },
    403,
    9103,
    undefined,
  ],
  ['a key without an address', { 'x-auth-key': '0'.repeat(37) }, 400, 9106, undefined],
  ['an address without a key', { 'x-auth-email': 'a@b.test' }, 400, 9106, undefined],
  ['another scheme', { authorization: 'Basic eDp5' }, 400, 6003, 6111],
  ['an unknown token', { authorization: 'Bearer cp_x' }, 401, 1000, undefined],
  ['nothing', {}, 401, 10000, undefined],
];
for (const [what, headers, status, code, cause] of HEADERS) {
  it(`who comes with ${what} is answered ${code}${cause ? ` for ${cause}` : ''}, by lists too`, async () => {
    for (const path of ['/zones', pack.replace(/\/[^/]*$/, '')]) {
      const answer = await fetch(api.url + path, { headers, signal: AbortSignal.timeout(10_000) });
      const { errors }: { errors: { code: number; error_chain?: { code: number }[] }[] } = JSON.parse(
        await answer.text(),
      );
      assert.deepEqual(
        [answer.status, errors[0]?.code, errors[0]?.error_chain?.[0]?.code],
        [status, code, cause],
      );
    }
  });
}
