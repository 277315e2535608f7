/** Forms that bring a zone file, as clients send them, and whatever else comes in their place. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { type RecordScene, type RecordWorld, startRecords } from '../support/dns/records.ts';
import { contentOf } from '../support/dns/zone-files.ts';
import { allow, made, resources, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let world: RecordWorld;
before(async () => {
  world = await startRecords(ends);
});
after(() => ends.disposeAsync());

it('wants DNS Read to export and DNS Write to import, and is in the audit log', async () => {
  const at = await world.scene('file-rights.example');
  const token = (name: 'DNS Read' | 'DNS Write' | 'Zone Write') =>
    made(at.url, at.token, { policies: [allow([name], resources({ zones: [at.zoneId] }))] });
  for (const [name, read, write] of [
    ['DNS Read', 200, 403],
    ['DNS Write', 200, 200],
    ['Zone Write', 403, 403],
  ] as const) {
    const { value } = await token(name);
    const path = `/zones/${at.zoneId}/dns_records`;
    const answer = await fetch(`${at.url}${path}/export`, { headers: { authorization: `Bearer ${value}` } });
    assert.equal(answer.status, read, name);
    assert.equal((await post(at, value, form('a A 192.0.2.1'))).status, write, name);
  }
  const query = `zone_id=${at.zoneId}&resource_type=dns_record`;
  const { result } = await send(at.url, ['GET', `/accounts/${at.accountId}/logs/audit?${query}`], at.token);
  const seen: { action: { type: string }; resource: { name: string } }[] = JSON.parse(JSON.stringify(result));
  assert.deepEqual(
    seen.map(({ action, resource }) => [action.type, resource.name]),
    [['create', 'a.file-rights.example A']],
  );
});

const form = (file: string | Blob, more: Readonly<Record<string, string>> = {}): FormData => {
  const body = new FormData();
  body.append('file', file);
  for (const [name, value] of Object.entries(more)) body.append(name, value);
  return body;
};

interface Answer {
  readonly status: number;
  readonly code: number | undefined;
  readonly pointer: string | undefined;
  readonly message: string;
}

async function post(
  { url, zoneId }: RecordScene,
  token: string,
  body: FormData | Uint8Array<ArrayBuffer> | string | undefined,
  type?: string,
): Promise<Answer> {
  const answer = await fetch(`${url}/zones/${zoneId}/dns_records/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...(type !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(20_000),
  });
  const { errors }: { errors: { code: number; message: string; source?: { pointer: string } }[] } =
    JSON.parse(await answer.text());
  const [refusal] = errors;
  return {
    status: answer.status,
    code: refusal?.code,
    message: refusal?.message ?? '',
    pointer: refusal?.source?.pointer,
  };
}

const file = (bytes: string | Uint8Array<ArrayBuffer>) =>
  new File([bytes], 'zone.txt', { type: 'text/plain' });

it('takes a file as curl sends it, and no other body', async () => {
  const at = await world.scene('forms.example');
  assert.equal((await post(at, at.token, form(file('a A 192.0.2.1\r\n')))).status, 200);
  const twice = form('b A 192.0.2.1');
  twice.append('file', 'c A 192.0.2.1');
  const boundary = 'multipart/form-data; boundary=x';
  const cases: readonly (readonly [
    string,
    Parameters<typeof post>[2],
    string | undefined,
    number,
    string | undefined,
  ])[] = [
    ['no body', undefined, undefined, 415, undefined],
    ['JSON', '{"file":"a A 192.0.2.1"}', 'application/json', 415, undefined],
    ['text', 'a A 192.0.2.1', 'text/plain', 415, undefined],
    ['no file', new FormData(), undefined, 400, '/file'],
    ['two files', twice, undefined, 400, '/file'],
    ['proxied that is neither', form('b A 192.0.2.1', { proxied: 'yes' }), undefined, 400, '/proxied'],
    ['bytes that are no text', form(file(Uint8Array.of(0x61, 0xff, 0xfe))), undefined, 400, '/file'],
    [
      'UTF-16',
      form(file(new Uint8Array(Buffer.from('\ufeffa A 192.0.2.1', 'utf16le')))),
      undefined,
      400,
      '/file',
    ],
    ['no boundary', '--x--', 'multipart/form-data', 400, undefined],
    ['what is no form', 'a A 192.0.2.1', boundary, 400, undefined],
    ['half a form', '--x\r\ncontent-disposition: form-data; name="file"\r\n\r\na', boundary, 400, undefined],
    ['a megabyte and more', form('x'.repeat(2 ** 20)), undefined, 413, undefined],
  ];
  for (const [what, body, type, status, pointer] of cases) {
    const answer = await post(at, at.token, body, type);
    assert.deepEqual([answer.status, answer.pointer], [status, pointer], `${what}: ${answer.message}`);
  }
  assert.equal((await contentOf(at)).length, 1);
});

it('whatever a form holds, the answer is JSON and no failure of ours', async () => {
  const at = await world.scene('hostile-file.example');
  const signs = fc.constantFrom(
    ...' \t\n;()"\\@$.0aA*-_\0\u202e\ud83d'.split(''),
    ' IN',
    ' A 192.0.2.1',
    ' TXT x',
    '$TTL 5',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(signs, { maxLength: 40 }).map((all) => all.join('')),
  );
  const bytes = fc.uint8Array({ maxLength: 300 });
  const forms = fc.oneof(
    text.map((one) => [form(one), undefined] as const),
    bytes.map((one) => [form(new File([new Uint8Array(one)], 'x')), undefined] as const),
    fc.tuple(text, text).map(([one, proxied]) => [form(one, { proxied }), undefined] as const),
    bytes.map((one) => [new Uint8Array(one), 'multipart/form-data; boundary=x'] as const),
    text.map((one) => [`--x\r\n${one}\r\n--x--`, 'multipart/form-data; boundary=x'] as const),
    text.map(
      (one) =>
        [
          `--x\r\ncontent-disposition: form-data; ${one}\r\n\r\nx\r\n--x--\r\n`,
          'multipart/form-data; boundary=x',
        ] as const,
    ),
  );
  const seed = Math.floor(Math.random() * 2 ** 31);
  for (const [body, type] of fc.sample(forms, { numRuns: 600, seed })) {
    const { status, message } = await post(at, at.token, body, type);
    assert(status === 200 || (status >= 400 && status < 500), `${status} ${message}, seed ${seed}`);
  }
});
