/** A pack of a host behind a CDN: active by delegation, served at the edges, and its public name told of beside that. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { MAIN } from '../support/commands.ts';
import { givenZone, orderOf, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

interface View {
  readonly host: string;
  readonly served_at_edges: boolean;
  readonly leads_to: string;
  readonly cdn?: string;
  readonly says: string;
  readonly whose_move: string | null;
  readonly situations: readonly { readonly situation: string; readonly next_step: string }[];
}

interface Told extends View {
  readonly hosts: readonly View[];
  readonly total: number;
}

async function get(
  path: string,
  token = world.token,
): Promise<{ readonly status: number; readonly result: Told }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${world.api}${path}`, { headers, signal: AbortSignal.timeout(30_000) });
  const { result }: { result: Told } = JSON.parse(await answer.text());
  return { status: answer.status, result };
}

/** A pack of a host that Cloudflare proxies, active by delegation. */
async function givenProxied() {
  const zone = await givenZone(world, 'partial');
  const host = `www.${zone.name}`;
  const order = orderOf(zone, { hosts: [host, `*.${host}`] });
  const { id, dcv_delegation_records: records } = await world.client.ssl.certificatePacks.create(order);
  const [record] = records ?? [];
  assert(record?.cname !== undefined && record.cname_target !== undefined);
  await publish(world, host, 'CNAME', [`${host}.cdn.cloudflare.net`]);
  await publish(world, `${host}.cdn.cloudflare.net`, 'A', ['127.0.0.77']);
  await publish(world, record.cname, 'CNAME', [record.cname_target]);
  await world.tell('POST', '/clock', { advance_s: 120 });
  await reach(world, zone.id, id, { status: 'active', seconds: 60 });
  return { zone, host, id };
}

test('a proxied host’s pack is active by delegation, and it is told apart that it is served and where its name leads', async () => {
  const { zone, host, id } = await givenProxied();
  const { result } = await get(`/zones/${zone.id}/ssl/certificate_packs/${id}/public_view`);
  const [view, wildcard] = result.hosts;
  assert(view && wildcard);
  const seen = [view.served_at_edges, view.leads_to, view.cdn, view.whose_move];
  assert.deepEqual([...seen, result.total], [true, 'cdn', 'Cloudflare', 'customer', 2]);
  const says = `served at your edges: yes (certificate pack ${id} is active); its public name leads to Cloudflare`;
  assert.equal(view.says, says);
  const [first] = view.situations;
  assert(first?.situation === 'orange_cloud' && /"DNS only".*or leave it so/.test(first.next_step));
  assert.deepEqual([wildcard.host, wildcard.leads_to], [`*.${host}`, 'nowhere']);
  const check = await get(`/accounts/${world.account_id}/host_checks/${host}`);
  assert.equal(check.result.says, says);

  const args = [MAIN, 'packs', 'public', id, '--zone', zone.id, '--api', world.api];
  const env = { ...process.env, CERTPACKS_TOKEN: world.token };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 });
  assert.match(stdout, /^ {2}leads to {3}a CDN \(Cloudflare\)$/m);
  assert.match(stdout, /^ {2}situation {2}orange cloud, the customer’s move$/m);
});

test('only who may read the pack is told, and of a pack that is there', async () => {
  const zone = await givenZone(world, 'partial');
  const { id } = await world.client.ssl.certificatePacks.create(orderOf(zone));
  const path = `/zones/${zone.id}/ssl/certificate_packs`;
  const strange = '00000000-0000-4000-8000-000000000000';
  assert.equal((await get(`${path}/${id}/public_view`, 'cp_nobody')).status, 401);
  assert.equal((await get(`${path}/${strange}/public_view`)).status, 404);
  assert.equal((await get(`${path}/${id}/public_view?page=0`)).status, 400);
  const { result } = await get(`${path}/${id}/public_view`);
  assert.match(
    result.hosts[0]?.says ?? '',
    /^served at your edges: not yet .* its public name leads to nowhere/,
  );
});
