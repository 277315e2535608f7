/** Where a name leads, over the API and by the command: whose pack serves it, what is missing, who may ask. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import type { HostAsked, HostLook } from '../../src/pack/host-look.ts';
import { createToken } from '../../src/store/tokens.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { MAIN } from '../support/commands.ts';
import { carryAll } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';
import { leafFor, pulling, uploadIn } from '../support/uploads.ts';

interface Told {
  readonly status: number;
  readonly result: {
    readonly leads_to: string;
    readonly cdn?: string;
    readonly zone_id?: string;
    readonly certificate_pack_id?: string;
    readonly missing: readonly string[];
    readonly addresses: readonly {
      readonly is_ours: boolean;
      readonly certificate?: { readonly is_of_pack: boolean };
    }[];
  };
}

const ends = new AsyncDisposableStack();
const EDGE = '192.0.2.1';
let api: TestApi;
let url: string;
let owner: TestAccount;
let seen: HostLook;
let asked: string[] = [];
let hold: Promise<void> = Promise.resolve();
const lookAtHost = async ({ name }: HostAsked) => {
  asked.push(name);
  await hold;
  return seen;
};
before(async () => {
  api = await startApi(ends);
  const app = await buildApi({ ...api.deps, publicAddresses: [EDGE], lookAtHost });
  ends.defer(() => app.close());
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  owner = await givenOwner(api, ['check.test', 'deep.check.test']);
});
after(() => ends.disposeAsync());

async function check(host: string, token = owner.token, account = owner.id): Promise<Told> {
  const answer = await fetch(`${url}/accounts/${account}/host_checks/${host}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  const { result }: { result: Told['result'] } = JSON.parse(await answer.text());
  return { status: answer.status, result };
}
const at = (address: string, fingerprint = 'x'): HostLook => ({
  names: ['check.test'],
  addresses: [
    { address, certificate: { fingerprint, issuer: 'CA', expiresOn: new Date(0), hosts: ['check.test'] } },
  ],
  cdn: undefined,
  problem: undefined,
});

it('tells of a name of the account its pack, its addresses, and what is missing', async () => {
  seen = { ...at('104.16.0.1'), cdn: 'Cloudflare' };
  const first = (await check('check.test')).result;
  assert.deepEqual([first.leads_to, first.cdn, first.zone_id], ['cdn', 'Cloudflare', owner.zones[0]?.id]);
  assert.match(first.missing.join('\n'), /no pack here serves check\.test[^]*leads to Cloudflare/);
  const [zone] = owner.zones;
  assert(zone);
  await uploadIn(api.jobs, zone);
  const jobs = pulling(api.jobs);
  await carryAll(jobs);
  seen = at(EDGE, await leafFor(jobs, 'check.test'));
  const { result } = await check('CHECK.test');
  assert.deepEqual([result.leads_to, result.missing], ['us', []]);
  assert.deepEqual(result.addresses[0]?.certificate?.is_of_pack, true);
  assert.equal((await check('x.deep.check.test')).result.zone_id, owner.zones[1]?.id);
});

it('tells nothing of zones of other accounts, and looks only for those who may write', async () => {
  seen = at('203.0.113.1');
  const stranger = await givenOwner(api, ['stranger.test']);
  const { result } = await check('check.test', stranger.token, stranger.id);
  assert.deepEqual([result.zone_id, result.certificate_pack_id], [undefined, undefined]);
  assert.match(result.missing[0] ?? '', /no zone of the account has check\.test/);
  asked = [];
  assert.equal((await check('check.test', stranger.token)).status, 403);
  for (const bad of ['*.check.test', 'no_name!', '127.0.0.1'])
    assert.equal((await check(bad)).status, 400, bad);
  const reader = await createToken(
    api.jobs.pool,
    { accountId: owner.id, name: 'reader', access: 'read' },
    api.jobs.clock.now(),
  );
  assert.equal((await check('check.test', reader)).status, 403);
  assert.deepEqual(asked, []);
});

it('an account whose looks take long leaves room for those of others', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  const stranger = await givenOwner(api, ['waits.test']);
  asked = [];
  let answered = 0;
  const slow = Array.from({ length: 5 }, () => check('check.test').finally(() => (answered += 1)));
  const other = check('waits.test', stranger.token, stranger.id);
  const end = performance.now() + 20_000;
  while (asked.length + answered < 6 && performance.now() < end)
    await new Promise((next) => setTimeout(next, 10));
  resolve();
  const statuses = (await Promise.all(slow)).map(({ status }) => status).toSorted((a, b) => a - b);
  assert.deepEqual([statuses, (await other).status], [[200, 200, 200, 429, 429], 200]);
});

it('the command says it in lines, with the next step last', async () => {
  seen = at('203.0.113.1');
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, 'check-host', 'check.test', '--api', url], {
    env: { PATH, HOME, CERTPACKS_TOKEN: owner.token },
    timeout: 60_000,
  });
  const out = await text(child.stdout);
  assert.match(
    out,
    /^ +served at your edges: yes \(certificate pack [0-9a-f-]{36} is active\); its public name leads to 203\.0\.113\.1\nleads to +elsewhere\naddress +203\.0\.113\.1 \(not ours\): a certificate of CA, until 1970-01-01\nsituation +apex address, the customer’s move\n +check\.test is an apex[^\n]*\nnext step +give check\.test[^\n]*\npack +[0-9a-f-]{36}\nmissing +check\.test leads to 203\.0\.113\.1: lead check\.test to 192\.0\.2\.1\n$/,
  );
});
