import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StartedSimulator } from '../../src/simulator/start.ts';
import type { CrashResult, CrashWorld } from './crash.ts';

const ZONE = 'crash.test';
const RETRY_MS = 50;
const CAS = ['lets_encrypt', 'google', 'ssl_com'] as const;

interface Pack {
  readonly id: string;
  readonly status: string;
  readonly validation_errors?: readonly { readonly message?: string }[];
}

/** Whoever orders: patient, and with a memory of what was acknowledged. Services come and go meanwhile. */
export class CrashClient {
  readonly #world: CrashWorld;
  readonly #acknowledged = new Set<string>();
  #zone: Promise<string> | undefined;
  readonly #ended = new AbortController();
  #turn = 0;

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  /** Lets go of all that it still waits for. */
  end(): void {
    this.#ended.abort();
  }

  /** Places orders side by side; each is sent again with its key until it is acknowledged. Their ids. */
  order(count: number, label: string): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.#place(`${label}-${i}.${ZONE}`, i)));
  }

  /** Resolves when all of them are active. */
  async active(placed: Promise<readonly string[]>): Promise<void> {
    const wanted = new Set(await placed);
    while (
      (await this.#list()).filter(({ id, status }) => wanted.has(id) && status === 'active').length <
      wanted.size
    )
      await delay(RETRY_MS);
  }

  /** What there is in the end. */
  async count(simulator: StartedSimulator): Promise<Omit<CrashResult, 'kills'>> {
    const packs = await this.#list();
    const orders = this.#acknowledged.size;
    const active = packs.filter(({ id, status }) => this.#acknowledged.has(id) && status === 'active').length;
    const issued = await certificatesByHost(simulator);
    const double = [...issued.values()].reduce((sum, n) => sum + Math.max(0, n - 2), 0);
    const missing = packs
      .filter(({ status }) => status !== 'active')
      .map(({ status, validation_errors: errors = [] }) =>
        [status, ...errors.map((one) => one.message)].join(),
      );
    return { orders, active, missing, lost: orders - active, double, surplus: packs.length - orders };
  }

  async #place(host: string, i: number): Promise<string> {
    const order = {
      type: 'advanced',
      hosts: [host],
      certificate_authority: CAS[i % CAS.length],
      validation_method: 'txt',
      validity_days: 90,
    };
    const path = `${await this.#packs()}/order`;
    const { id } = await this.#ask<{ id: string }>('POST', path, { body: order, key: randomUUID() });
    this.#acknowledged.add(id);
    return id;
  }

  async #list(): Promise<Pack[]> {
    const found: Pack[] = [];
    for (let page = 1; ; page++) {
      const path = `${await this.#packs()}?status=all&per_page=50&page=${page}`;
      const packs = await this.#ask<Pack[]>('GET', path);
      found.push(...packs);
      if (packs.length < 50) return found;
    }
  }

  async #packs(): Promise<string> {
    this.#zone ??= this.#makeZone();
    return `/zones/${await this.#zone}/ssl/certificate_packs`;
  }

  /** Made once, whatever happens: where the answer was lost the zone is there. */
  async #makeZone(): Promise<string> {
    const body = { account: { id: this.#world.accountId }, name: ZONE, type: 'full' };
    const made = await this.#ask<{ id: string }>('POST', '/zones', { body }).catch(() => undefined);
    const [found = made] = await this.#ask<{ id: string }[]>('GET', `/zones?name=${ZONE}`);
    if (found) return found.id;
    throw new Error('the zone cannot be made');
  }

  /** Asks whoever lives, again and again until there is an answer that is no passing failure. Throws for a refusal. */
  async #ask<T>(
    method: string,
    path: string,
    { body, key }: { body?: object; key?: string } = {},
  ): Promise<T> {
    const headers = {
      authorization: `Bearer ${this.#world.token}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    for (;;) {
      this.#ended.signal.throwIfAborted();
      this.#turn += 1;
      const apis = this.#world.apis();
      const url = `${apis[this.#turn % apis.length]}${path}`;
      const signal = AbortSignal.timeout(10_000);
      const answer = await fetch(url, {
        method,
        headers,
        signal,
        ...(body && { body: JSON.stringify(body) }),
      })
        .then(async (response) => ({ status: response.status, text: await response.text() }))
        .catch(() => undefined);
      if (answer && answer.status < 500) {
        const { result, errors }: { result: T; errors: object[] } = JSON.parse(answer.text);
        if (answer.status < 300) return result;
        throw new Error(`${path}: ${answer.status} ${JSON.stringify(errors)}`);
      }
      await delay(RETRY_MS);
    }
  }
}

/** How many certificates all CAs issued for each host. */
async function certificatesByHost({ cas, control }: StartedSimulator): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const name of Object.keys(cas)) {
    const answer = await fetch(`${control}/ca/${name}`);
    const { certificates }: { certificates: { hosts: string[] }[] } = JSON.parse(await answer.text());
    for (const { hosts } of certificates) counts.set(hosts.join(), (counts.get(hosts.join()) ?? 0) + 1);
  }
  return counts;
}
