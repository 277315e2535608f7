/** Requests that nobody should send, for any route that the API's own description has. */
import fc from 'fast-check';

/** An operation as the description of the API has it. */
export interface DescribedOperation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: unknown }>> };
}

/** A request, ready to be sent. */
export interface HostileRequest {
  /** With the query. */
  readonly path: string;
  readonly type: string | undefined;
  readonly body: Uint8Array | undefined;
}

/** Good values of parameters of the path, by name. */
export type Ids = Readonly<Record<string, readonly string[]>>;

const PATH_PARTS = [
  '%00',
  '..',
  '%2e%2e%2f',
  'null',
  '0',
  '-1',
  '*',
  "'%20or%201=1--",
  '%F0%9F%92%A9',
  '%ff%fe',
  'a'.repeat(190),
  '0'.repeat(32),
  'F'.repeat(32),
  '3822ff90-ea29-44df-9e55-21300bb9419b',
  '__proto__',
];

const TEXTS = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  '\u202e',
  '%s%n',
  "'; drop table packs; --",
  '../../etc/passwd',
  'x'.repeat(70_000),
  '*',
  '0',
  '127.0.0.1',
  'constructor',
  '1e309',
  '-0',
  '9999-99-99T99:99:99Z',
];

const NUMBERS = [0, -1, -0, 0.5, 1e21, 1e308, 5e-324, 2 ** 31, 2 ** 53, Number.MAX_SAFE_INTEGER, 65_536];

const anything = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], [{}], { id: [] }),
  fc.constantFrom<unknown>(...TEXTS),
  fc.constantFrom<unknown>(...NUMBERS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.json({ maxDepth: 4 }).map((text): unknown => JSON.parse(text)),
  fc.integer({ min: 2, max: 300 }).map((n): unknown => Array.from({ length: n }, (_, i) => i)),
);

/** Names of fields at any depth of a schema, and values that it names. */
function wordsOf(schema: unknown): { readonly fields: string[]; readonly values: unknown[] } {
  const fields: string[] = [];
  const values: unknown[] = [];
  for (const [name, value] of entriesOf(schema)) {
    if (name === 'properties') fields.push(...entriesOf(value).map(([field]) => field));
    if (name === 'const') values.push(value);
    if (name === 'enum') values.push(...entriesOf(value).map(([, one]) => one));
    const inside = wordsOf(value);
    fields.push(...inside.fields);
    values.push(...inside.values);
  }
  return { fields, values };
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

const FIELDS = ['__proto__', 'constructor', 'toString', '', '\0', 'id', 'ID', 'name'];

/** JSON whose fields are those of the schema, with anything in them. */
function shaped(schema: unknown): fc.Arbitrary<unknown> {
  const { fields, values } = wordsOf(schema);
  const field = fc.constantFrom(...fields, ...FIELDS);
  const value = values.length > 0 ? fc.oneof(anything, fc.constantFrom(...values)) : anything;
  const flat = fc.array(fc.tuple(field, value), { maxLength: 8 });
  const nested = fc.array(
    fc.tuple(
      field,
      fc.oneof(
        value,
        flat.map((all) => objectOf(all)),
        fc.array(value, { maxLength: 4 }),
        fc.array(
          flat.map((all) => objectOf(all)),
          { maxLength: 3 },
        ),
      ),
    ),
    { maxLength: 10 },
  );
  return fc.oneof(
    { weight: 4, arbitrary: nested.map((all) => objectOf(all)) },
    { weight: 1, arbitrary: value },
  );
}

/** With `__proto__` as a field like any other. */
const objectOf = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries);

const RAW = [
  '',
  '{',
  '{}{}',
  'nul',
  '"',
  '[',
  '{"a":1e999}',
  '{"a":01}',
  `{"a":${'9'.repeat(5_000)}}`,
  '{"a":1,"a":2}',
  '{"__proto__":{"a":1}}',
  '[1,]',
  '\0',
  '\ufeff\ufeff{}',
  '{"\\u0000":"\\ud800"}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  '--x\r\nContent-Disposition: form-data; name="file"; filename="../x"\r\n\r\n\0\r\n--x--\r\n',
  'a=1&b=%ff',
];

const BYTES = [
  [0xff, 0xfe],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xff, 0xfe, 0x7b],
  [0xfe, 0xff, 0x00, 0x7b],
];

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/json; charset="',
  'application/merge-patch+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'text/plain',
  'text/html; charset=',
  'nonsense',
  '*/*',
];

/** Requests for an operation at a path with its parameters in braces. */
export function hostileRequests(
  { method, template }: { readonly method: string; readonly template: string },
  { parameters, requestBody }: DescribedOperation,
  ids: Ids,
): fc.Arbitrary<HostileRequest> {
  const schemas = Object.values(requestBody?.content ?? {}).map(({ schema }) => schema);
  const path = pathsOf(template, ids);
  const query = queriesOf(parameters.filter((one) => one.in === 'query').map(({ name }) => name));
  const place = fc.tuple(path, query).map(([a, b]) => (b === '' ? a : `${a}?${b}`));
  if (method === 'GET') return place.map((one) => ({ path: one, type: undefined, body: undefined }));
  const json = shaped(schemas).map((value) => Buffer.from(JSON.stringify(value) ?? ''));
  const good = fc.record({ type: fc.constant('application/json'), body: json });
  const raw = fc.oneof(
    fc.constantFrom(...RAW).map((text) => Buffer.from(text)),
    fc.constantFrom(...BYTES).map((bytes) => Buffer.from(bytes)),
    json,
  );
  const odd = fc.record({ type: fc.option(fc.constantFrom(...TYPES), { nil: undefined }), body: raw });
  const none = fc.record({
    type: fc.option(fc.constantFrom(...TYPES), { nil: undefined }),
    body: fc.constant(undefined),
  });
  const sent = fc.oneof(
    { weight: 6, arbitrary: good },
    { weight: 3, arbitrary: odd },
    { weight: 1, arbitrary: none },
  );
  return fc.tuple(place, sent).map(([one, { type, body }]) => ({ path: one, type, body }));
}

/** Mostly good ids, so that what is behind them is met. */
function pathsOf(template: string, ids: Ids): fc.Arbitrary<string> {
  const pieces = template.split('/').map((piece) => {
    const name = /^\{(\w+)\}$/.exec(piece)?.[1];
    if (name === undefined) return fc.constant(piece);
    const odd = fc.constantFrom(...PATH_PARTS);
    const good = ids[name] ?? [];
    return good.length === 0
      ? odd
      : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: odd });
  });
  return fc.tuple(...pieces).map((all) => all.join('/'));
}

function queriesOf(names: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(
    fc.constantFrom('%00', '%ff', '%zz', '', '-1', '1e309', 'true', '9'.repeat(400), "'", '%F0%9F%92%A9'),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
  );
  const name = fc.constantFrom(...names, 'page', 'x[]', '__proto__');
  const one = fc.tuple(name, value).map(([a, b]) => `${a}=${b}`);
  return fc.oneof(
    fc.constant(''),
    fc.array(one, { maxLength: 3 }).map((all) => all.join('&')),
  );
}
