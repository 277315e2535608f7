/** Whatever is sent to any route that the API describes: an answer in the envelope, no failure of ours, and nothing of others hurt. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { buildApi } from '../../src/api/api.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { CERTIFICATE_AUTHORITIES, type PackZone } from '../../src/pack/pack.ts';
import { startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { givenDelivery } from '../support/deliveries.ts';
import {
  type DescribedOperation,
  type HostileRequest,
  hostileRequests,
  type Ids,
} from '../support/hostile.ts';
import { givenCertificates, givenPack } from '../support/job-deps.ts';
import { keylessIn } from '../support/keyless.ts';
import { assertStored } from '../support/stored.ts';
import { givenOwner } from '../support/tokens.ts';
import { uploadIn } from '../support/uploads.ts';

/** Requests for each operation. */
const EACH = 32;
/** How many are under way at once. */
const AT_ONCE = 4;
/** Whether there is no envelope around an answer where it works: what is no JSON, and the description itself. */
const isBare = ({ operationId, responses }: DescribedOperation): boolean =>
  operationId === 'openapi' || responses['200']?.content?.['application/json'] === undefined;

const ends = new AsyncDisposableStack();
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
let api: TestApi;
let origin: string;
/** To whom all of it is sent, and one beside him. */
let victim: TestAccount;
let beside: TestAccount;
/** A zone of the first whose DNS we answer. */
let full: string;
before(async () => {
  api = await startApi(ends);
  ends.defer(() => agent.destroy());
  const rows = new Map(CERTIFICATE_AUTHORITIES.map((name) => [name, documentedRows[name]] as const));
  const app = await buildApi({ ...api.deps, rows });
  ends.defer(() => app.close());
  origin = await app.listen({ host: '127.0.0.1', port: 0 });
  victim = await givenOwner(api, ['victim.test', 'other.test']);
  beside = await givenOwner(api, ['beside.test']);
  full = (await make('/zones', { name: 'full.test', type: 'full' })) ?? assert.fail();
});
after(() => ends.disposeAsync());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function ask(
  method: string,
  { path, type, body }: HostileRequest,
  token = victim.token,
): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(type !== undefined && { 'content-type': type }),
    ...(body && { 'content-length': String(body.length) }),
  };
  const asked = request(origin + path, { agent, method, headers, timeout: 20_000 }).end(body);
  const [response] = await once(asked, 'response');
  const told = String(response.headers['content-type']);
  // It has no end.
  const isStream = told.startsWith('text/event-stream');
  if (isStream) asked.destroy();
  return { status: response.statusCode, type: told, body: isStream ? '' : await text(response) };
}

const read = (path: string, token: string): Promise<Answer> =>
  ask('GET', { path: `/client/v4${path}`, type: undefined, body: undefined }, token);

/** Makes something by the API; its id, or undefined where what was sent before does not allow it any more. */
async function make(path: string, body: object, token?: string): Promise<string | undefined> {
  const sent = {
    path: `/client/v4${path}`,
    type: 'application/json',
    body: Buffer.from(JSON.stringify(body)),
  };
  const answer = await ask('POST', sent, token);
  const { result }: { result: { id: string } | null } = JSON.parse(answer.body);
  return result?.id;
}

interface Operation {
  readonly method: string;
  readonly template: string;
  readonly described: DescribedOperation;
}

async function operations(): Promise<Operation[]> {
  const { body } = await read('/openapi.json', victim.token);
  const { paths }: { paths: Record<string, Record<string, DescribedOperation>> } = JSON.parse(body);
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      template,
      described,
    })),
  );
}

/** Why an answer is not as it should be; undefined: it is. */
function faultOf({ status, type, body }: Answer, described: DescribedOperation): string | undefined {
  if (status >= 500) return `${status} ${body}`;
  if (status === 304 || (status < 300 && isBare(described))) return undefined;
  if (!type.startsWith('application/json')) return `${status} of type ${type}`;
  return (status < 300 ? Worked : Refused).Check(JSON.parse(body))
    ? undefined
    : `${status} ${body.slice(0, 300)}`;
}

const LISTS = { errors: Type.Array(Type.Object({})), messages: Type.Array(Type.Object({})) };
const Worked = Compile(Type.Object({ success: Type.Literal(true), result: Type.Unknown(), ...LISTS }));
const Refused = Compile(Type.Object({ success: Type.Literal(false), result: Type.Null(), ...LISTS }));

/** Good ids, made anew: what was sent may have deleted those from before. */
async function newIds(): Promise<Ids> {
  const packs: string[] = [];
  for (const zone of victim.zones) packs.push(await packIn(zone));
  await tokenFor(api.jobs, { accountId: victim.id });
  const { body } = await read('/user/tokens?per_page=1000', victim.token);
  const { result }: { result: { id: string; name: string }[] } = JSON.parse(body);
  const name = `r${packs[0]}.full.test`;
  const record = await make(`/zones/${full}/dns_records`, { type: 'A', name, content: '192.0.2.1', ttl: 60 });
  return {
    zone_id: [...victim.zones.map(({ id }) => id), full, beside.zones[0]?.id ?? ''],
    account_id: [victim.id, beside.id],
    certificate_pack_id: packs,
    custom_certificate_id: [await uploadIn(api.jobs, victim.zones[0] ?? assert.fail())],
    keyless_certificate_id: [await keylessIn(api.jobs, victim.zones[0] ?? assert.fail())],
    // Not the one by which all of it is sent.
    token_id: result.filter((one) => one.name === 'test').map(({ id }) => id),
    dns_record_id: record === undefined ? [] : [record],
    ...(await newAlertIds()),
  };
}

/** Good ids of what there is of alerts in an account. */
async function newAlertIds({ id: accountId, token } = victim): Promise<Ids> {
  const path = `/accounts/${accountId}/alerting/v3`;
  const give = async (at: string, body: object) => (await make(path + at, body, token)) ?? '';
  const webhook = await give('/destinations/webhooks', { name: 'hook', url: 'https://alerts.example.com/' });
  const service = { name: 'on call', integration_key: 'k'.repeat(32) };
  const pagerduty = await give('/destinations/pagerduty', service);
  const said = { name: 'policy', alert_type: 'universal_ssl_event_type', enabled: true, mechanisms: {} };
  const policy = await give('/policies', said);
  const times = { start_time: '2026-01-01T00:00:00Z', end_time: '2026-01-02T00:00:00Z' };
  await give('/silences', [{ policy_id: policy, ...times }]);
  const { body } = await read(`${path}/silences`, token);
  const { result: silences }: { result: { id: string }[] } = JSON.parse(body);
  const key = { accountId, id: webhook };
  const delivery = await givenDelivery(api.jobs, key, { number: 1e9 + deliveries++, status: 'dead' });
  return {
    policy_id: [policy],
    webhook_id: [webhook],
    pagerduty_id: [pagerduty],
    silence_id: silences.map(({ id }) => id),
    delivery_id: [delivery.id],
  };
}
let deliveries = 0;

/** A pack of a zone, with certificates. */
async function packIn(zone: PackZone): Promise<string> {
  const id = await givenPack(api.jobs, zone, { status: 'active' });
  await givenCertificates(api.jobs, id);
  return id;
}

/** All that can be read of an account. */
async function whole({ id, token, zones }: TestAccount): Promise<string> {
  const zone = `/zones/${zones[0]?.id}`;
  const paths = [
    '/zones?per_page=50',
    `${zone}/ssl/certificate_packs?status=all`,
    `${zone}/ssl/universal/settings`,
    `${zone}/dns_records`,
    `${zone}/custom_certificates`,
    `${zone}/keyless_certificates`,
    `/accounts/${id}/ssl/certificate_packs`,
    '/user/tokens?per_page=50',
    `/accounts/${id}/alerting/v3/policies`,
    `/accounts/${id}/alerting/v3/destinations/webhooks`,
    `/accounts/${id}/alerting/v3/silences`,
    `/accounts/${id}/alerting/v3/deliveries`,
  ];
  const answers = await Promise.all(paths.map((path) => read(path, token)));
  for (const { status, body } of answers) assert.equal(status, 200, body);
  return answers.map(({ body }) => body.replaceAll(/,?"last_used_on":"[^"]*"/g, '')).join('\n');
}

it(`${EACH} hostile requests to each described operation are answered in the envelope, never by a failure of ours`, async (t) => {
  for (const zone of beside.zones) await packIn(zone);
  await newAlertIds(beside);
  const asItWas = await whole(beside);
  const seed = Number(process.env['CERTPACKS_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const statuses = new Map<number, number>();
  const all = await operations();
  assert(all.length > 40, `${all.length} operations`);
  // What is deleted last lets the others be met first.
  for (const operation of all.toSorted((a, b) => Number(isDeleting(a)) - Number(isDeleting(b)))) {
    const { method, described } = operation;
    const requests = fc.sample(hostileRequests(operation, described, await newIds()), {
      numRuns: EACH,
      seed,
    });
    const send = async () => {
      for (let one = requests.pop(); one; one = requests.pop()) {
        const answer = await ask(method, one);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        assert.equal(faultOf(answer, described), undefined, `seed ${seed}: ${wordsOf(method, one)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(statuses)));
  assert((statuses.get(200) ?? 0) > EACH && (statuses.get(400) ?? 0) > EACH, 'some are good, some are not');
  assert.equal(await whole(beside), asItWas);
  await assertStored(api.jobs.pool, api.jobs.json);
});

const wordsOf = (method: string, { path, type, body }: HostileRequest): string =>
  `${method} ${path.slice(0, 300)} ${type} ${Buffer.from(body ?? [])
    .toString()
    .slice(0, 500)}`;

const isDeleting = ({ method, template }: Operation): boolean =>
  method === 'DELETE' && template.endsWith('{zone_id}');
