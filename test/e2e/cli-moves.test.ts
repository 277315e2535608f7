/** `certpacks moves` as a person types it, against the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { MAIN } from '../support/commands.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let owner: TestAccount;
before(async () => {
  api = await startApi(ends);
  owner = await givenOwner(api, ['in.test', 'two.test']);
});
after(() => ends.disposeAsync());

/** Runs a command; what it printed. */
async function moves(args: readonly string[], token = owner.token) {
  const env = { PATH: process.env['PATH'] ?? '', CERTPACKS_TOKEN: token };
  const child = spawn(process.execPath, [MAIN, 'moves', ...args, '--api', api.url], { env, timeout: 90_000 });
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status: Number(status), out, err };
}

interface Move {
  readonly id: string;
  readonly status: string;
  readonly hosts: readonly string[];
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { status, out, err } = await moves([...args, '--json']);
  assert.equal(status, 0, err);
  return JSON.parse(out);
}

const hostsOf = (all: readonly Move[]) => all.flatMap(({ hosts }) => hosts).toSorted();

it('lists what moves in, by zone and status, counts it, and leaves one as it is', async () => {
  const [first, second] = owner.zones;
  const items = [
    { zone_id: first?.id, hosts: ['a.in.test'] },
    { zone_id: first?.id, hosts: ['b.in.test'] },
    { zone_id: second?.id, hosts: ['a.two.test'] },
  ];
  const sent = await fetch(`${api.url}/accounts/${owner.id}/move_ins`, {
    method: 'POST',
    headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ items }),
    signal: AbortSignal.timeout(30_000),
  });
  assert.equal(sent.status, 200);

  assert.deepEqual(hostsOf(await json<Move[]>('list')), ['a.in.test', 'a.two.test', 'b.in.test']);
  const inZone = await json<Move[]>('list', '--zone', 'in.test', '--status', 'planned');
  assert.deepEqual(hostsOf(inZone), ['a.in.test', 'b.in.test']);
  const id = inZone.find(({ hosts }) => hosts.includes('a.in.test'))?.id ?? '';
  assert.match(
    (await moves(['get', id])).out,
    new RegExp(`^ID +STATUS +HOSTS .*\n${id} +planned +a\\.in\\.test `),
  );

  assert.equal((await json<Move>('cancel', id, '--account', owner.id)).status, 'cancelled');
  assert.deepEqual(hostsOf(await json<Move[]>('list', '--status', 'cancelled')), ['a.in.test']);
  const { planned, cancelled } = await json<Record<string, number>>('summary');
  assert.deepEqual({ planned, cancelled }, { planned: 2, cancelled: 1 });
  assert.match((await moves(['summary'])).out, /^PLANNED +ORDERED .*\n2 +0 +0 +0 +1 /);
});

for (const [args, status, why] of [
  [['list', '--status', 'lost'], 1, /planned, ordered, proving, done, cancelled/],
  [['list', '--zone', 'nobody.test'], 1, /no zone nobody\.test/],
  [['get', '00000000-0000-4000-8000-000000000000'], 2, /00000000-0000-4000-8000-000000000000/],
  [['cancel', 'mine'], 2, /mine/],
] as const)
  it(`${args.join(' ')} ends with ${status} and a sentence`, async () => {
    const ran = await moves(args);
    assert.deepEqual([ran.status, why.test(ran.err)], [status, true], ran.err);
  });

it('another account’s moves are nobody’s', async () => {
  const [one] = await json<Move[]>('list');
  const stranger = await givenOwner(api, ['stranger.test']);
  assert.equal((await moves(['cancel', one?.id ?? ''], stranger.token)).status, 2);
  assert.deepEqual(JSON.parse((await moves(['list', '--json'], stranger.token)).out), []);
});
