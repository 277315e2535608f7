/** What a pack waits for, in a running service: whose move it is, who answered what, and what to do. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { days } from '../../src/kit/time.ts';
import { createToken } from '../../src/store/tokens.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { until } from '../support/world.ts';

const ends = new AsyncDisposableStack();
let service: TestService;
let token: string;
before(async () => {
  service = await startTestService(ends);
  const owner = { accountId: service.accountId, name: 'reader', access: 'read' } as const;
  token = await createToken(service.pool, owner, new Date());
});
after(() => ends.disposeAsync());

interface Explained {
  readonly status: string;
  readonly run: string;
  readonly stage: string;
  readonly waits_for: string;
  readonly whose_move: string | null;
  readonly next_step: string;
  readonly reasons: readonly string[];
  readonly since: string;
  readonly deadline?: string;
  readonly after_deadline?: string;
  readonly next_look_on?: string;
  readonly renewal?: Readonly<Record<string, string>>;
  readonly evidence: readonly { by: string; who: string; about: string; said: string; at: string }[];
  readonly records: readonly { purpose: string; type: string; name: string; value: string; line: string }[];
}
type Zone = { readonly id: string; readonly name: string };

let zones = 0;
const givenZone = (type: 'full' | 'partial'): Promise<Zone> =>
  service.client.zones.create({ account: { id: service.accountId }, name: `why-${++zones}.test`, type });
const order = (zone: Zone) =>
  service.client.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: [zone.name],
    certificate_authority: 'lets_encrypt',
    validation_method: 'txt',
    validity_days: 14,
  });
const pathOf = (zone: Zone, id: string) => `/zones/${zone.id}/ssl/certificate_packs/${id}/explain`;

async function explain(zone: Zone, id: string): Promise<Explained> {
  const answer = await fetch(`${service.client.baseURL}${pathOf(zone, id)}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  const { result, errors }: { result: Explained; errors: unknown } = JSON.parse(await answer.text());
  assert.equal(answer.status, 200, JSON.stringify(errors));
  return result;
}

/** Tells the simulated world. */
async function tell(method: string, path: string, body?: object): Promise<void> {
  const init = { method, signal: AbortSignal.timeout(10_000), ...(body && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${service.simulator.control}${path}`, init);
  assert(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** Has the CA answer orders so. */
const say = (rule: object) =>
  tell('PUT', '/ca/lets_encrypt/faults', { faults: [{ on: 'new-order', fault: 'answer', ...rule }] });

/** Explanations of a pack until one is as wanted. */
const explained = (zone: Zone, id: string, isWanted: (it: Explained) => boolean) =>
  until(() => explain(zone, id), isWanted, 30);

const statusIs = (status: string) => (it: Explained) => it.status === status;

test('a pack of a partial zone waits for the customer’s TXT record: each name server that was asked is told, with its answer', async () => {
  const zone = await givenZone('partial');
  const { id } = await order(zone);
  const name = `_acme-challenge.${zone.name}`;
  const first = await explained(zone, id, ({ evidence }) => evidence.length > 0);
  assert.deepEqual(
    [first.whose_move, first.status, first.after_deadline],
    ['customer', 'pending_validation', 'validation_timed_out'],
  );
  assert.equal(Date.parse(first.deadline ?? '') - Date.parse(first.since), days(7) * 1_000);
  assert(Date.parse(first.next_look_on ?? '') > Date.parse(first.since));
  assert(first.evidence.every(({ by, about }) => by === 'name_server' && about === name));
  const [record] = first.records.filter(({ purpose }) => purpose === 'validation');
  assert(record);
  assert.deepEqual([record.type, record.name], ['TXT', name]);
  assert.equal(record.line, `${name}. 300 IN TXT "${record.value}"`);
  assert(first.next_step.includes(record.value) && first.next_step.startsWith('create'), first.next_step);

  await tell('PUT', '/dns/records', { name, type: 'TXT', values: ['a stale value'] });
  await service.advance(120);
  const second = await explained(zone, id, ({ evidence }) =>
    evidence.some(({ said }) => said.includes('a stale value')),
  );
  assert.match(second.evidence[0]?.who ?? '', /127\.0\.0\.4/);
  assert.match(second.evidence[0]?.at ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const pack = await service.client.ssl.certificatePacks.get(id, { zone_id: zone.id });
  assert.deepEqual(
    second.reasons,
    pack.validation_errors?.map(({ message }) => message),
    'one source of words',
  );

  await tell('PUT', '/dns/records', { name, type: 'TXT', values: ['a stale value', record.value] });
  await service.advance(120);
  const active = await explained(zone, id, statusIs('active'));
  assert.deepEqual([active.whose_move, active.reasons, active.records], [null, [], []]);
  const edges = active.evidence.filter(({ by }) => by === 'edge');
  assert.deepEqual(
    edges.map(({ who, said }) => [who, said]),
    [
      ['edge-a', 'it shows the certificates'],
      ['edge-b', 'it shows the certificates'],
    ],
  );
});

test('a pack that is active has nobody’s move, and says when it is renewed', async () => {
  const zone = await givenZone('full');
  const { id } = await order(zone);
  const it = await explained(zone, id, ({ renewal }) => renewal?.['planned_on'] !== undefined);
  assert.deepEqual([it.status, it.whose_move], ['active', null]);
  assert.match(it.next_step, /there is nothing to do: it is renewed about/);
  const { planned_on, given_up_on, certificates_end_on } = it.renewal ?? {};
  const order_of = [it.since, planned_on, given_up_on, certificates_end_on].map((one) =>
    Date.parse(one ?? ''),
  );
  assert.deepEqual(
    order_of.toSorted((a, b) => a - b),
    order_of,
  );
});

test('a CA that is down is its move: since when it was not reached, and when it is asked again', async () => {
  await tell('PUT', '/ca/lets_encrypt/faults', { faults: [{ fault: 'cut' }] });
  try {
    const zone = await givenZone('full');
    const { id } = await order(zone);
    const it = await explained(zone, id, ({ evidence }) => evidence.some(({ by }) => by === 'ca'));
    assert.deepEqual([it.status, it.whose_move], ['initializing', 'ca']);
    assert.equal(it.evidence[0]?.who, 'lets_encrypt');
    assert.equal(it.evidence[0]?.said.includes('lets_encrypt'), true);
    assert(it.next_look_on !== undefined);
    await tell('DELETE', '/ca/lets_encrypt/faults');
    await service.advance(900);
    await explained(zone, id, statusIs('active'));
  } finally {
    await tell('DELETE', '/ca/lets_encrypt/faults');
  }
});

test('a CA that refuses our account is the operator’s move, a limit of its own is the CA’s until it says', async () => {
  try {
    await say({ problem: 'externalAccountRequired' });
    const zone = await givenZone('full');
    const { id } = await order(zone);
    const account = await explained(zone, id, ({ reasons }) => reasons.length > 0);
    assert.equal(account.whose_move, 'operator');
    await say({ problem: 'rateLimited', headers: { 'Retry-After': '900' } });
    await service.advance(600);
    const limit = await explained(zone, id, ({ reasons }) => /rateLimited|asks to wait/.test(reasons.join()));
    assert.equal(limit.whose_move, 'ca');
  } finally {
    await tell('DELETE', '/ca/lets_encrypt/faults');
  }
});

test('an edge that is down is named, with what was seen of it, and its operator’s move once it stays so', async () => {
  const [, b] = service.edges;
  await b?.stop();
  try {
    const zone = await givenZone('full');
    const { id } = await order(zone);
    const it = await explained(
      zone,
      id,
      ({ whose_move: whose, status }) => status === 'pending_deployment' && whose === 'operator',
    );
    const [of_b] = it.evidence.filter(({ who }) => who === 'edge-b');
    assert(of_b && of_b.by === 'edge' && of_b.said.includes('edge-b'), JSON.stringify(it.evidence));
    assert.equal(it.evidence.find(({ who }) => who === 'edge-a')?.said, 'it shows the certificates');
    await b?.start();
    await explained(zone, id, statusIs('active'));
  } finally {
    await b?.start();
  }
});

test('a renewal that fails is told of beside the pack that is served, and at its end why it was not renewed', async () => {
  const zone = await givenZone('full');
  const { id } = await order(zone);
  const active = await explained(zone, id, ({ renewal }) => renewal?.['planned_on'] !== undefined);
  await tell('PUT', '/ca/lets_encrypt/faults', {
    faults: [{ on: 'new-order', fault: 'answer', problem: 'rejectedIdentifier' }],
  });
  try {
    const wait = (Date.parse(active.renewal?.['planned_on'] ?? '') - Date.parse(active.since)) / 1_000;
    await service.advance(wait + 60);
    const failing = await explained(zone, id, ({ run, reasons }) => run === 'renewal' && reasons.length > 0);
    assert.deepEqual(
      [failing.status, failing.stage, failing.whose_move],
      ['active', 'initializing', 'customer'],
    );
    assert.match(failing.waits_for, /is served; its renewal waits until/);
    assert.equal(failing.after_deadline, 'pending_expiration');
    assert.equal(failing.deadline, failing.renewal?.['given_up_on']);
    await service.advance(days(14));
    const over = await explained(zone, id, statusIs('expired'));
    assert.match(over.reasons.join(), /lets_encrypt refused/);
    assert.match(over.waits_for, /its certificates ended at/);
    assert.equal(over.whose_move, 'customer');
  } finally {
    await tell('DELETE', '/ca/lets_encrypt/faults');
  }
});

test('a deleted pack says when it was deleted and until when it can be read', async () => {
  const zone = await givenZone('full');
  const { id } = await order(zone);
  await explained(zone, id, statusIs('active'));
  await service.client.ssl.certificatePacks.delete(id, { zone_id: zone.id });
  const it = await explained(zone, id, statusIs('deleted'));
  assert.equal(it.whose_move, null);
  assert.match(it.next_step, /it can be read until .* UTC, and is gone then/);
});

test('only who may read the zone’s packs is told, and nobody of another account', async () => {
  const zone = await givenZone('partial');
  const { id } = await order(zone);
  const strange = '00000000-0000-4000-8000-000000000000';
  const asks = [
    [pathOf(zone, id), 'cp_nobody', 401],
    [pathOf(zone, strange), token, 404],
    [pathOf(zone, 'x'), token, 400],
    [pathOf({ ...zone, id: '0'.repeat(32) }, id), token, 404],
  ] as const;
  for (const [path, bearer, status] of asks) {
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${service.client.baseURL}${path}`, { headers });
    assert.equal(answer.status, status, path);
  }
});

test('packs explain prints it for people, and as one line of JSON', async () => {
  const zone = await givenZone('partial');
  const { id } = await order(zone);
  await explained(zone, id, ({ evidence }) => evidence.length > 0);
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const args = [main, 'packs', 'explain', id, '--zone', zone.id, '--api', service.client.baseURL];
  const env = { ...process.env, CERTPACKS_TOKEN: token };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
  assert.match(stdout, /waits until its validation records are seen/);
  assert.match(stdout, /^whose move {2}customer$/m);
  assert.match(stdout, new RegExp(String.raw`^record {6}_acme-challenge\.${zone.name}\. 300 IN TXT "`, 'm'));
  assert.match(stdout, new RegExp(String.raw`^or {10}_acme-challenge\.${zone.name}\. 300 IN CNAME `, 'm'));
  assert.match(stdout, /^evidence .*127\.0\.0\.4/m);
  const json = await promisify(execFile)(process.execPath, [...args, '--json'], { env, timeout: 30_000 });
  const said: Explained = JSON.parse(json.stdout);
  assert.equal(said.whose_move, 'customer');
});
