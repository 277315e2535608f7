import { setTimeout as delay } from 'node:timers/promises';
import { ALGORITHMS, CERTIFICATE_AUTHORITIES } from '../../src/pack/pack.ts';
import { DNS_ADDRESSES } from '../../src/simulator/simulator.ts';
import { rowOfPebble, startPebble } from '../../test/support/pebble.ts';
import { freePort } from '../../test/support/ports.ts';
import { startTestService, type TestService } from '../../test/support/service.ts';
import { type Amount, perSecond } from './world.ts';

/** Writers of one zone take turns, so the packs are spread as those of a platform's customers are. */
const ZONES = 50;

const [CA] = CERTIFICATE_AUTHORITIES;
const ORDER = {
  type: 'advanced',
  certificate_authority: CA,
  validation_method: 'txt',
  validity_days: 90,
};

/**
 * Packs that the whole service stores a second, from orders over its API, ECDSA and RSA of each pack, with its own look at
 * CAA and TXT records, and with its database. RSA keys are made before: that is a tenth of a second each. There are no
 * edges: the way ends with both certificates in the store.
 */
export async function packsPerSecond(amount: Amount): Promise<number> {
  await using ends = new AsyncDisposableStack();
  const packs = amount.warmUp + amount.count;
  const metrics = `127.0.0.1:${await freePort()}`;
  const service = await startTestService(ends, {
    edgeNames: [],
    // They are made again when half are taken: none is made while packs are.
    options: { rsa_keys: 2 * packs + 1, workers: amount.atOnce, metrics_listen: metrics },
    rows: async ({ dnsPort }, dir) => {
      // Asked by the CA itself, as pebble-challtestsrv is: the world's resolver is no part of the service.
      const dns = `${DNS_ADDRESSES.responder}:${dnsPort}`;
      const pebble = await startPebble(ends, { dir, name: 'bench', dns, nonceReject: 0, reuse: 100 });
      return [rowOfPebble(CA, pebble)];
    },
  });
  const order = await orders(service);
  await untilKeysAreReady(`http://${metrics}/metrics`, 2 * packs + 1);
  return await perSecond(amount, async (n) => stored(service, await order(n)));
}

/** Makes the zones. What is returned orders a pack of one host over the API, another with each number, and gives its id. */
async function orders({ client, accountId }: TestService): Promise<(n: number) => Promise<string>> {
  const zones: string[] = [];
  for (let n = 0; n < ZONES; n++)
    zones.push((await client.zones.create({ account: { id: accountId }, name: `bench-${n}.test` })).id);
  const headers = { authorization: `Bearer ${client.apiToken}`, 'content-type': 'application/json' };
  return async (n) => {
    const body = JSON.stringify({ ...ORDER, hosts: [`h${n}.bench-${n % ZONES}.test`] });
    const path = `${client.baseURL}/zones/${zones[n % ZONES]}/ssl/certificate_packs/order`;
    const answer = await fetch(path, { method: 'POST', headers, body });
    const { result }: { result: { id: string } | null } = JSON.parse(await answer.text());
    if (!result) throw new Error(`an order was refused: HTTP ${answer.status}`);
    return result.id;
  };
}

/** Waits until the service says that it has made so many RSA keys. */
async function untilKeysAreReady(metrics: string, wanted: number): Promise<void> {
  const end = performance.now() + LONGEST_MAKING_MS * wanted;
  for (;;) {
    const text = await (await fetch(metrics)).text();
    const [, ready] = /^certpacks_rsa_keys_ready (\d+)/m.exec(text) ?? [];
    if (Number(ready) >= wanted) return;
    if (performance.now() > end) throw new Error(`${ready} of ${wanted} RSA keys were made in time`);
    await delay(250);
  }
}

/** For making one RSA key, in milliseconds, with time to spare. */
const LONGEST_MAKING_MS = 1_000;

/** Waits until both certificates of a pack are stored: a worker said so, or else the database does. */
async function stored({ moves, pool }: TestService, id: string): Promise<void> {
  const end = performance.now() + LONGEST_PACK_MS;
  while (performance.now() < end) {
    const pack = await moves.next(id, 1_000);
    if (pack?.certificates.length === ALGORITHMS.length) return;
    if (pack) continue;
    const { rowCount } = await pool.query('select from certificates where pack_id = $1', [id]);
    if (rowCount === ALGORITHMS.length) return;
  }
  throw new Error(`pack ${id} has no certificates in time`);
}

const LONGEST_PACK_MS = 60_000;
