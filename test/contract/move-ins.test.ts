/** Names that move in over the API: what is stored, known, covered and refused; whose it is; how far it is. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { carryAll, givenCertificates, givenPack } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';
import { givenCa, pulling } from '../support/uploads.ts';

interface Told {
  readonly status: number;
  readonly result: readonly Outcome[] & Outcome & Readonly<Record<string, number>>;
  readonly total: number | undefined;
}
interface Outcome {
  readonly id: string;
  readonly action: string;
  readonly status: string;
  readonly code: number;
  readonly message: string;
  readonly hosts: readonly string[];
  readonly planned_for: string;
  readonly certificate_pack_id: string;
  readonly imported_pack_id: string;
}

const ends = new AsyncDisposableStack();
let api: TestApi;
let url: string;
let account: TestAccount;
let stranger: TestAccount;
let ca: Awaited<ReturnType<typeof givenCa>>;
before(async () => {
  api = await startApi(ends);
  ca = await givenCa(api.jobs);
  const managed = { ...api.deps.managed, moveInOrders: 60 };
  const app = await buildApi({ ...api.deps, managed, trust: ca.trust });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  account = await givenOwner(api, ['in.test', 'two.test']);
  stranger = await givenOwner(api, ['stranger.test']);
});
after(() => ends.disposeAsync());

async function send(path: string, body?: object, { id, token } = account): Promise<Told> {
  const answer = await fetch(`${url}/accounts/${id}/move_ins${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const said: { result: Told['result']; result_info?: { total_count: number } } = JSON.parse(
    await answer.text(),
  );
  return { status: answer.status, result: said.result, total: said.result_info?.total_count };
}
const zoneId = (i: number): string => account.zones[i]?.id ?? assert.fail();
const made = async (hosts: readonly string[]) => {
  const { certificate, private_key } = await ca.issue(hosts);
  return { certificate, private_key };
};
const actions = ({ result }: Told) => result.map(({ action }) => action);

it('a request brings certificates and names; each is stored by itself, and known when it comes again', async () => {
  const one = { zone_id: zoneId(0), ...(await made(['in.test'])) };
  const items = [
    one,
    { zone_id: zoneId(0), hosts: ['www.in.test'] },
    { zone_id: zoneId(1), ...(await made(['in.test'])) },
    { zone_id: zoneId(1) },
    { zone_id: zoneId(1), hosts: ['elsewhere.test'] },
    { zone_id: stranger.zones[0]?.id, hosts: ['a.stranger.test'] },
  ];
  const dry = await send('', { items, dry_run: true });
  const expected = ['import', 'order', 'refused', 'refused', 'refused', 'refused'];
  assert.deepEqual(actions(dry), expected);
  assert.equal((await send('')).total, 0, 'a dry run stores nothing');
  const told = await send('', { items });
  assert.deepEqual(actions(told), expected);
  assert.deepEqual(
    told.result.map(({ code }) => code),
    [undefined, undefined, 2103, 1400, 1407, 9109],
  );
  assert(!JSON.stringify(told).includes('PRIVATE'));
  await carryAll(pulling(api.jobs));
  assert.deepEqual(actions(await send('', { items })).slice(0, 2), ['known', 'known']);
  const list = await send('');
  assert.equal(list.total, 2);
  const [first] = list.result;
  assert.deepEqual([first?.status, first?.hosts], ['planned', ['in.test']]);
  assert.equal(first?.imported_pack_id, told.result[0]?.certificate_pack_id);
  assert.equal((await send('?status=done')).total, 0);
  assert.equal((await send(`?zone_id=${zoneId(1)}`)).total, 0);
  const { planned, late, orders_per_hour: pace } = (await send('/summary')).result;
  assert.deepEqual([planned, late, pace], [2, 0, 60]);
});

it('what a managed pack serves already is left alone', async () => {
  const [, zone] = account.zones;
  assert(zone);
  const id = await givenPack(api.jobs, zone, { status: 'active', hosts: ['two.test', '*.two.test'] });
  await givenCertificates(api.jobs, id);
  await api.jobs.pool.query(
    `insert into served_hosts (host, environment, cell, zone_id, pack_id, type, created_on)
     select unnest('{two.test,*.two.test}'::text[]), environment, cell, zone_id, id, type, created_on from packs where id = $1`,
    [id],
  );
  const items = [
    { zone_id: zone.id, ...(await made(['two.test', 'a.two.test'])) },
    { zone_id: zone.id, hosts: ['a.b.two.test'] },
  ];
  const told = await send('', { items });
  assert.deepEqual(actions(told), ['covered', 'order']);
  assert.equal(told.result[0]?.certificate_pack_id, id);
});

it('a move is its account’s alone, and is cancelled by its owner', async () => {
  const [move] = (await send('')).result;
  assert(move);
  assert.equal((await send(`/${move.id}`, undefined, stranger)).status, 404);
  assert.equal((await send(`/${move.id}/cancel`, {}, stranger)).status, 404);
  assert.equal((await send('/not-one')).status, 404);
  assert.equal((await send('', undefined, { ...stranger, id: account.id })).status, 403);
  const { status, result } = await send(`/${move.id}/cancel`, {});
  assert.deepEqual([status, result.status], [200, 'cancelled']);
  assert.equal((await send(`/${move.id}`)).result.status, 'cancelled');
});

it('bad bodies are told what is wrong with them', async () => {
  for (const body of [{}, { items: [] }, { items: [{}] }, { items: [{ zone_id: 'x', wrong: 1 }] }])
    assert.equal((await send('', body)).status, 400, JSON.stringify(body));
  const items = [{ zone_id: zoneId(0), certificate: 'no PEM', private_key: 'neither' }];
  const [told] = (await send('', { items })).result;
  assert.deepEqual([told?.action, told?.code], ['refused', 1002]);
});
