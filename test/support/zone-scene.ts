/** Zones whose accounts have to show control of them, by what a test says DNS has. */
import assert from 'node:assert/strict';
import type { Seen } from '../../src/dns/dns.ts';
import { lookAtZones } from '../../src/job/periodic/zone-looks.ts';
import { minutes } from '../../src/kit/time.ts';
import { createZone } from '../../src/operation/create-zone.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { ZoneStatus, ZoneType } from '../../src/pack/pack.ts';
import type { ZonePolicy } from '../../src/pack/zone-life.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import type { Zone } from '../../src/store/zone-row.ts';
import { getZone } from '../../src/store/zones.ts';
import type { TestJobDeps } from './job-deps.ts';

/** Control has to be shown; there are no name servers. */
export const CHECK: ZonePolicy = { activation: 'check', nameServers: [], perZone: 2 };

/** What DNS has, and zones that are looked at in it. */
export class ZoneScene {
  /** Values of TXT records by name, and name servers by zone. */
  readonly texts = new Map<string, string[]>();
  readonly delegations = new Map<string, readonly string[]>();
  /** Names of which nobody can tell anything. */
  readonly silent = new Set<string>();
  readonly #deps: TestJobDeps;

  constructor(deps: TestJobDeps) {
    this.#deps = deps;
  }

  /** A new account. */
  async account(): Promise<string> {
    const { pool, clock } = this.#deps;
    return (await createAccount(pool, 'one of several', clock.now())).id;
  }

  /** A zone that was just made. */
  async zone(
    accountId: string,
    name: string,
    { type = 'partial', policy = CHECK }: { readonly type?: ZoneType; readonly policy?: ZonePolicy } = {},
  ): Promise<Zone> {
    const deps = { ...this.#deps, zonePolicy: policy, quotas: NO_QUOTAS };
    const id = await createZone(deps, { accountId, name, type }, OPERATOR);
    return this.now({ id, accountId });
  }

  /** The zone as it is now. */
  async now({ id, accountId }: Pick<Zone, 'id' | 'accountId'>): Promise<Zone> {
    return (await getZone(this.#deps.pool, accountId, id)) ?? assert.fail('the zone is there');
  }

  async statuses(...zones: readonly Zone[]): Promise<ZoneStatus[]> {
    const all = await Promise.all(zones.map((zone) => this.now(zone)));
    return all.map(({ status }) => status);
  }

  /** Shows the keys of zones of one name, and no other. */
  show(...zones: readonly Zone[]): void {
    const keys = zones.map(({ verificationKey }) => verificationKey);
    this.texts.set(`cloudflare-verify.${zones[0]?.name}`, keys);
  }

  /** Has zones looked at that are due. */
  look(zonePolicy: ZonePolicy = CHECK): Promise<void> {
    const looks = { precheckTxt: this.#lookAtText, lookAtDelegation: this.#lookAtDelegation };
    const { signal } = new AbortController();
    return lookAtZones({ ...this.#deps, ...looks, zonePolicy }, () => undefined, signal);
  }

  /** Lets time pass, and looks whenever something is due. */
  async pass(seconds: number, policy: ZonePolicy = CHECK): Promise<void> {
    const step = Math.min(seconds, minutes(10));
    for (let passed = 0; passed < seconds; passed += step) {
      this.#deps.clock.advance(step);
      await this.look(policy);
    }
  }

  readonly #lookAtText: TestJobDeps['precheckTxt'] = async ({ txtName, txtValue }) => {
    const values = this.texts.get(txtName) ?? [];
    const answer: Seen['answer'] = this.silent.has(txtName) ? 'unreachable' : 'values';
    const isVisible = answer === 'values' && values.includes(txtValue);
    return { txtName, txtValue, isVisible, seen: [{ server: 's', name: txtName, answer, values }] };
  };

  readonly #lookAtDelegation: TestJobDeps['lookAtDelegation'] = async (zone, wanted) => {
    const nameServers = this.delegations.get(zone) ?? [];
    if (this.silent.has(zone)) return { nameServers: [], outcome: 'unknown' };
    const isExact = nameServers.toSorted().join(' ') === wanted.toSorted().join(' ');
    return { nameServers, outcome: isExact && wanted.length > 0 ? 'exact' : 'other' };
  };
}
