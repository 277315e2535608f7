/**
 * What a tool does that keeps things as they are written down (Terraform and its like), by Cloudflare's own client: make, read,
 * compare, replace, destroy, read again.
 */
import { isDeepStrictEqual } from 'node:util';
import Cloudflare from 'cloudflare';
import { startTestService, type TestService } from './service.ts';
import { until } from './world.ts';

/** How many times all of it is done, and how many at once. */
export interface CycleNumbers {
  readonly cycles: number;
  readonly parallel: number;
}

/** What came of it. `differences`, `flickers` and `odd` are to be 0. */
export interface CycleResult {
  readonly cycles: number;
  /** Things that were made: zones, DNS records, packs. */
  readonly made: number;
  readonly reads: number;
  /** Fields that were read otherwise than they were sent. */
  readonly differences: number;
  /** Reads of something that had settled which were not as the read before. */
  readonly flickers: number;
  /** Answers other than 404 to a read of what is gone; of a pack, with another code than 1408. */
  readonly odd: number;
  readonly seconds: number;
}

/** Reads of each thing once it has settled. */
const READS = 6;
/** Longer than a deleted pack can be read, in seconds. */
const TOMBSTONE_S = 121;

/** Does it so many times, each in a zone of its own. What is not as it should be is told to `say`. */
export async function cycleBench(
  { cycles, parallel }: CycleNumbers,
  say: (what: string) => void,
): Promise<CycleResult> {
  await using ends = new AsyncDisposableStack();
  const service = await startTestService(ends, { edgeNames: ['edge-a'] });
  const keeper = new Keeper(service, say);
  const began = performance.now();
  let begun = 0;
  const work = async () => {
    while (begun < cycles) {
      await oneCycle(keeper, `cycle-${++begun}.test`);
      if (begun % 10 === 0) say(`${begun} of ${cycles} were begun`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  const seconds = Math.round((performance.now() - began) / 1_000);
  return { cycles, ...keeper.counts, seconds };
}

async function oneCycle(keeper: Keeper, name: string): Promise<void> {
  const { client, accountId } = keeper.service;
  const zone = await keeper.make(
    { account: { id: accountId }, name, type: 'full' as const },
    (sent) => client.zones.create(sent),
    ({ id }) => client.zones.get({ zone_id: id }),
  );
  const zone_id = zone.id;
  for (const paused of [true, false])
    await keeper.make(
      { paused },
      (sent) => client.zones.edit({ zone_id, ...sent }),
      () => client.zones.get({ zone_id }),
    );
  for (const enabled of [true, true, false])
    await keeper.make(
      { enabled, certificate_authority: 'lets_encrypt' as const },
      (sent) => client.acm.totalTLS.update({ zone_id, ...sent }),
      () => client.acm.totalTLS.get({ zone_id }),
    );
  await recordCycle(keeper, { zone_id, name });
  await packCycle(keeper, { zone_id, name });
  await client.zones.delete({ zone_id });
  await keeper.gone(() => client.zones.get({ zone_id }));
}

interface Place {
  readonly zone_id: string;
  readonly name: string;
}

async function recordCycle(keeper: Keeper, { zone_id, name }: Place): Promise<void> {
  const { records } = keeper.service.client.dns;
  const read = ({ id }: { id: string }) => records.get(id, { zone_id });
  const sent = { name: `www.${name}`, type: 'A', content: '192.0.2.7', ttl: 300, proxied: false } as const;
  const made = await keeper.make(
    { ...sent, comment: 'kept' },
    (body) => records.create({ zone_id, ...body }),
    read,
  );
  const other = { ...sent, content: '192.0.2.8', ttl: 600 };
  await keeper.make(other, (body) => records.update(made.id, { zone_id, ...body }), read);
  await records.delete(made.id, { zone_id });
  await keeper.gone(() => read(made));
}

/** A pack cannot be changed to another CA: a new one is ordered, and the one before deleted. */
async function packCycle(keeper: Keeper, { zone_id, name }: Place): Promise<void> {
  const { service } = keeper;
  const packs = service.client.ssl.certificatePacks;
  const read = ({ id }: { id: string }) => packs.get(id, { zone_id });
  const order = (ca: 'lets_encrypt' | 'google') =>
    keeper.make(
      {
        type: 'advanced' as const,
        hosts: [`www.${name}`, name, `*.${name}`],
        certificate_authority: ca,
        validation_method: 'txt' as const,
        validity_days: 90 as const,
        cloudflare_branding: false,
      },
      (sent) => packs.create({ zone_id, ...sent }),
      read,
      ({ status }) => status === 'active',
    );
  const remove = async (pack: { id: string }) => {
    await packs.delete(pack.id, { zone_id });
    // Time that passes for others may end the tombstone before it is seen.
    const status = async () => (await read(pack).catch(unlessGone))?.status ?? 'deleted';
    await until(status, (is) => is === 'deleted', 60);
  };
  const first = await order('lets_encrypt');
  const second = await order('google');
  await remove(first);
  await keeper.same(() => read(second));
  await remove(second);
  await service.advance(TOMBSTONE_S);
  for (const pack of [first, second]) await keeper.gone(() => read(pack), 1408);
}

const unlessGone = (error: unknown): undefined => {
  if (!(error instanceof Cloudflare.NotFoundError)) throw error;
};

/** Makes and reads, and counts what is not as it was written down. */
class Keeper {
  readonly service: TestService;
  readonly counts = { made: 0, reads: 0, differences: 0, flickers: 0, odd: 0 };
  readonly #say: (what: string) => void;

  constructor(service: TestService, say: (what: string) => void) {
    this.service = service;
    this.#say = say;
  }

  /** Makes something, reads it until it has settled, and compares what is read, then and later, with what was sent. */
  async make<S extends object, T extends object>(
    sent: S,
    write: (sent: S) => PromiseLike<T>,
    read: (made: T) => PromiseLike<T>,
    isSettled: (seen: T) => boolean = () => true,
  ): Promise<T> {
    const made = await write(sent);
    this.counts.made += 1;
    this.#compare(sent, made);
    const again = async () => {
      const seen = await read(made);
      this.counts.reads += 1;
      this.#compare(sent, seen);
      return seen;
    };
    await until(again, isSettled, 60);
    return this.same(again);
  }

  /** Reads again and again; all of it stays as it is. */
  async same<T>(read: () => PromiseLike<T>): Promise<T> {
    const first = await read();
    for (let i = 1; i < READS; i++) {
      const next = await read();
      if (isDeepStrictEqual(next, first)) continue;
      this.counts.flickers += 1;
      this.#say(`${JSON.stringify(first)} was read as ${JSON.stringify(next)} later`);
    }
    return first;
  }

  /** Reads what is to go until it is not there any more: 404, with this code where it is told. */
  async gone(read: () => PromiseLike<unknown>, code?: number): Promise<void> {
    const ask = async () => {
      this.counts.reads += 1;
      return Promise.resolve(read()).then(
        () => 'it is there',
        (error: unknown) => refusalOf(error, code),
      );
    };
    const why = await until(ask, (said) => said !== 'it is there').catch(String);
    if (why === '') return;
    this.counts.odd += 1;
    this.#say(`a read of what is gone: ${why}`);
  }

  #compare(sent: object, seen: object): void {
    for (const [name, value] of Object.entries(sent)) {
      const is: unknown = Reflect.get(seen, name);
      if (isWithin(value, is)) continue;
      this.counts.differences += 1;
      this.#say(`${name}: ${JSON.stringify(value)} was read as ${JSON.stringify(is)}`);
    }
  }
}

/** Empty: it is not there. */
const refusalOf = (error: unknown, code: number | undefined): string =>
  error instanceof Cloudflare.NotFoundError && (code === undefined || error.errors[0]?.code === code)
    ? ''
    : String(error);

/** Whether all that was sent is in what is read; objects may have more there, lists may not. */
function isWithin(sent: unknown, seen: unknown): boolean {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return isDeepStrictEqual(sent, seen);
  return (
    typeof seen === 'object' &&
    seen !== null &&
    Object.entries(sent).every(([name, value]) => isWithin(value, Reflect.get(seen, name)))
  );
}
