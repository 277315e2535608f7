import { setTimeout as delay } from 'node:timers/promises';
import { CERTIFICATE_AUTHORITIES } from '../../src/pack/pack.ts';
import type { Pool } from '../../src/store/store.ts';
import { rowOfPebble, startPebble } from '../../test/support/pebble.ts';
import { startTestService } from '../../test/support/service.ts';
import { perSecond } from './world.ts';

/** Writers of one zone take turns, so the packs are spread as those of a platform's customers are. */
const ZONES = 50;

const [CA] = CERTIFICATE_AUTHORITIES;
const ORDER = {
  type: 'advanced',
  certificate_authority: CA,
  validation_method: 'txt',
  validity_days: 90,
};

/** For making one RSA key, in milliseconds, with time to spare. */
const MAKING_MS = 250;

/**
 * Certificates that the whole service stores a second, from orders over its API, ECDSA and RSA of each pack, with its own
 * look at CAA and TXT records, and with its database. RSA keys are made before: that is a tenth of a second each. There are
 * no edges: the way ends with the certificates in the store.
 */
export async function pipelinePerSecond(packs: number, atOnce: number): Promise<number> {
  await using ends = new AsyncDisposableStack();
  const service = await startTestService(ends, {
    edgeNames: [],
    // They are made again when half are taken: none is made while the packs of the measurement are.
    options: { rsa_keys: 2 * packs, workers: atOnce },
    rows: async ({ dnsPort }, dir) => {
      const dns = `127.0.0.1:${dnsPort}`;
      const pebble = await startPebble(ends, { dir, name: 'bench', dns, nonceReject: 0, reuse: 100 });
      return [rowOfPebble(CA, pebble)];
    },
  });
  const zones: string[] = [];
  for (let n = 0; n < ZONES; n++) {
    const zone = { account: { id: service.accountId }, name: `bench-${n}.test` };
    zones.push((await service.client.zones.create(zone)).id);
  }
  await delay(2 * packs * MAKING_MS);
  const storing = new Storing(service.pool);
  ends.defer(() => storing.stop());
  return (
    2 *
    (await perSecond(packs, atOnce, async (n) => {
      const body = { ...ORDER, hosts: [`h${n}.bench-${n % ZONES}.test`] };
      const path = `${service.client.baseURL}/zones/${zones[n % ZONES]}/ssl/certificate_packs/order`;
      const headers = {
        authorization: `Bearer ${service.client.apiToken}`,
        'content-type': 'application/json',
      };
      const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
      const { result }: { result: { id: string } | null } = JSON.parse(await answer.text());
      if (!result) throw new Error(`an order was refused: HTTP ${answer.status}`);
      await storing.both(result.id);
    }))
  );
}

/** Looks for the certificates of all packs that are waited for at once, so that the looking is no load of its own. */
class Storing {
  readonly #waiting = new Map<string, () => void>();
  readonly #looking: Promise<void>;
  #isStopped = false;

  constructor(pool: Pool) {
    this.#looking = this.#look(pool);
  }

  /** Waits until both certificates of the pack are in the store. */
  both(pack: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(pack, resolve));
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#looking;
  }

  async #look(pool: Pool): Promise<void> {
    while (!this.#isStopped) {
      await delay(20);
      const { rows } = await pool.query<{ pack_id: string }>(
        'select pack_id from certificates where pack_id = any($1) group by pack_id having count(*) = 2',
        [[...this.#waiting.keys()]],
      );
      for (const { pack_id } of rows) {
        this.#waiting.get(pack_id)?.();
        this.#waiting.delete(pack_id);
      }
    }
  }
}
