/** Alerts to a receiver that fails and hangs, while services are killed: what was lost, told twice, or out of order. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sealOf } from '../../src/kit/seal.ts';
import type { PackZone } from '../../src/pack/pack.ts';
import { recordAudit, WORKER } from '../../src/store/audit.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { Pool } from '../../src/store/store.ts';
import { transaction } from '../../src/store/store.ts';
import { createZone, getZone } from '../../src/store/zones.ts';
import { givenPolicy, givenWebhook } from './alerting.ts';
import { startBadReceiver, startClosed, type Tried } from './bad-receiver.ts';
import { givenPack, givenZone, jobDepsOn, type TestJobDeps } from './job-deps.ts';
import { type Serving, startServe } from './serve.ts';

export interface AlertCrashPlan {
  /** What happens, shared out among packs, and packs among zones. */
  readonly events: number;
  readonly packs: number;
  /** How often one of the two services is killed. */
  readonly kills: number;
  /** Longest until all is delivered. */
  readonly seconds: number;
}

export interface AlertCrashResult {
  readonly events: number;
  readonly kills: number;
  readonly delivered: number;
  readonly lost: number;
  readonly out_of_order: number;
  /** Answered with 200 more than once: its process was killed before it had noted that. */
  readonly again: number;
  readonly attempts: number;
  readonly refused: number;
  readonly hung: number;
  /** Most attempts at once, of all, and of one pack. */
  readonly most_at_once: number;
  readonly most_of_a_pack: number;
  /** Connections to an address that is not to be reached. */
  readonly to_private: number;
  readonly seconds: number;
}

const ZONES = 20;

/** Runs it on an empty database. What waits for another attempt waits 15 s at most here. */
export async function alertCrash(
  { url, pool }: { readonly url: string; readonly pool: Pool },
  plan: AlertCrashPlan,
  say: (what: string) => void,
): Promise<AlertCrashResult> {
  await migrate(pool);
  await using ends = new AsyncDisposableStack();
  const kek = randomBytes(32);
  const deps = { ...jobDepsOn(ends, pool), seal: sealOf(kek) };
  const bad = ends.use(await startBadReceiver());
  const closed = ends.use(await startClosed());
  bad.redirectTo(closed.url);
  const account = await givenAccount(deps, plan, { bad: bad.url, closed: closed.url });
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-alerts-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const began = performance.now();
  const services = await startServices(ends, { dir, url, kek });
  const happening = happen(deps, account, plan.events);
  const kills = await killing(services, plan, () => bad.log.length);
  await happening;
  const delivered = await untilDelivered(pool, account.webhook, plan, say);
  const seconds = Math.round((performance.now() - began) / 1_000);
  return {
    ...(await judge(pool, account.webhook, bad)),
    events: plan.events,
    kills,
    delivered,
    lost: plan.events - delivered,
    to_private: closed.count(),
    seconds,
  };
}

interface Account {
  readonly zones: readonly PackZone[];
  readonly packs: readonly { readonly id: string; readonly zone: PackZone }[];
  readonly webhook: string;
}

async function givenAccount(
  deps: TestJobDeps,
  { packs: count }: AlertCrashPlan,
  urls: { readonly bad: string; readonly closed: string },
): Promise<Account> {
  const first = await givenZone(deps, 'zone-0.test');
  const zones = [first];
  for (let i = 1; i < ZONES; i++) {
    const named = { accountId: first.accountId, name: `zone-${i}.test`, type: 'full' } as const;
    const id = await transaction(deps.pool, (tx) => createZone(tx, named, deps.clock.now()));
    zones.push((await getZone(deps.pool, first.accountId, id)) ?? first);
  }
  const packs: Account['packs'][number][] = [];
  for (let i = 0; i < count; i++) {
    const zone = zones[i % ZONES] ?? first;
    const id = await givenPack(deps, zone, { status: 'expired', hosts: [`host-${i}.${zone.name}`] });
    packs.push({ id, zone });
  }
  const webhook = await givenWebhook(deps, first.accountId, { url: urls.bad });
  await givenPolicy(deps, first.accountId, { mechanisms: { webhooks: [{ id: webhook }] } });
  const barred = await givenWebhook(deps, first.accountId, { url: urls.closed });
  const filters = { target_hostname: ['host-0.zone-0.test'] };
  await givenPolicy(deps, first.accountId, { mechanisms: { webhooks: [{ id: barred }] }, filters });
  return { zones, packs, webhook };
}

/** What happens to packs: each in its order, different zones at once. */
async function happen(deps: TestJobDeps, { zones, packs }: Account, events: number): Promise<void> {
  const kinds = ['renew', 'at_risk', 'renewed'];
  const inZone = async (zone: PackZone) => {
    for (let i = 0; i < events; i++) {
      const pack = packs[i % packs.length];
      if (pack?.zone !== zone) continue;
      const event = kinds[Math.floor(i / packs.length) % kinds.length] ?? '';
      const about = { resource: 'certificate_pack', resourceId: pack.id, name: undefined } as const;
      const whose = { actor: WORKER, accountId: zone.accountId, zoneId: zone.id };
      await recordAudit(deps.pool, { event, ...about, ...whose }, deps.clock.now());
    }
  };
  for (let i = 0; i < zones.length; i += 4) await Promise.all(zones.slice(i, i + 4).map(inZone));
}

type Start = () => Promise<Serving>;

async function startServices(
  ends: AsyncDisposableStack,
  { dir, url, kek }: { readonly dir: string; readonly url: string; readonly kek: Buffer },
): Promise<{ readonly start: Start; serving: Serving }[]> {
  const services: { readonly start: Start; serving: Serving }[] = [];
  for (const i of [0, 1]) {
    const start = () =>
      startServe(
        { after: (end) => ends.defer(async () => void (await end())) },
        {
          CERTPACKS_DATABASE_URL: url,
          CERTPACKS_DATA_DIR: join(dir, String(i)),
          CERTPACKS_KEK: kek.toString('base64'),
          CERTPACKS_PORT: '0',
          CERTPACKS_ALERT_ADDRESSES: '127.0.0.1/32',
        },
        { seconds: 60 },
      );
    services.push({ start, serving: await start() });
  }
  return services;
}

/** Kills one of them at random moments, and starts it again. How often it was. */
async function killing(
  services: { readonly start: Start; serving: Serving }[],
  { kills }: AlertCrashPlan,
  attempts: () => number,
): Promise<number> {
  while (attempts() === 0) await delay(20);
  for (let i = 0; i < kills; i++) {
    await delay(1_000 + Math.random() * 3_000);
    const service = services[i % services.length];
    if (!service) continue;
    const exit = once(service.serving.child, 'exit');
    service.serving.child.kill('SIGKILL');
    await exit;
    service.serving = await service.start();
  }
  return kills;
}

/** No message waits longer between two attempts: of what is refused eight times in a row nobody waits for the end. */
const LONGEST_WAIT_S = 15;

async function untilDelivered(
  pool: Pool,
  webhook: string,
  { events, seconds }: AlertCrashPlan,
  say: (what: string) => void,
): Promise<number> {
  for (const end = Date.now() + seconds * 1_000; ; await delay(1_000)) {
    await pool.query(
      `update alert_deliveries set due_at = now()
        where destination = $1 and taken_until is null and due_at > now() + make_interval(secs => $2)`,
      [webhook, LONGEST_WAIT_S],
    );
    const { rows } = await pool.query<{ n: number }>(
      "select count(*)::int as n from alert_deliveries where destination = $1 and status = 'sent'",
      [webhook],
    );
    const n = rows[0]?.n ?? 0;
    if (n >= events || Date.now() > end) return n;
    if (Math.floor(Date.now() / 1_000) % 10 === 0) say(`${n} of ${events} are delivered`);
  }
}

/** What the receiver saw, held against the order in which it was to be told. */
async function judge(pool: Pool, webhook: string, bad: Awaited<ReturnType<typeof startBadReceiver>>) {
  const { rows } = await pool.query<{ id: string; subject: string }>(
    'select id, subject from alert_deliveries where destination = $1 order by number',
    [webhook],
  );
  const inOrder = Map.groupBy(rows, ({ subject }) => subject);
  const placeOf = new Map([...inOrder.values()].flatMap((ids) => ids.map(({ id }, i) => [id, i] as const)));
  const nextOf = new Map<string, number>();
  let [outOfOrder, again] = [0, 0];
  for (const { id, pack, tried } of bad.log) {
    const next = nextOf.get(pack) ?? 0;
    const place = placeOf.get(id) ?? -1;
    if (place === next - 1) again += tried === 'ok' ? 1 : 0;
    else if (place !== next) outOfOrder += 1;
    if (place === next && tried === 'ok') nextOf.set(pack, next + 1);
  }
  const count = (which: Tried) => bad.log.filter(({ tried }) => tried === which).length;
  return {
    out_of_order: outOfOrder,
    again,
    attempts: bad.log.length,
    refused: count('refused'),
    hung: count('hung'),
    ...bad.counts(),
  };
}
