/** What jobs are given where Total TLS is on, and what becomes of names there. */
import type { CaRow } from '../../src/ca/ca.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { changeRecords, type RecordWish } from '../../src/operation/change-records.ts';
import { changeTotalTls } from '../../src/operation/change-total-tls.ts';
import { NO_BACKUPS } from '../../src/operation/insert-backup.ts';
import { keepManaged } from '../../src/operation/keep-managed.ts';
import { NOTHING_MANAGED } from '../../src/operation/managed-policy.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { CertificateAuthority, Pack, PackZone } from '../../src/pack/pack.ts';
import type { RecordTerms, ZoneRecord } from '../../src/record/record.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { lockManagedPacks } from '../../src/store/managed.ts';
import { transaction } from '../../src/store/store.ts';
import { givenCertificates, givenPack, givenZone, type TestJobDeps } from './job-deps.ts';

type Deps = TestJobDeps & { readonly quotas: typeof NO_QUOTAS };

/** A CA that is configured as its documentation says. */
export const caRow = (name: CertificateAuthority, other: Partial<CaRow> = {}): CaRow => ({
  ...documentedRows[name],
  hasAgreedToTerms: true,
  ...other,
});

/** The three CAs. */
const CA_ROWS = [caRow('google'), caRow('lets_encrypt'), caRow('ssl_com')];

/** Zones with Total TLS, on the database of `plain`. */
export class TotalTlsNames {
  readonly plain: TestJobDeps;
  readonly deps: Deps;

  constructor(plain: TestJobDeps) {
    this.plain = plain;
    this.deps = this.withRows(CA_ROWS);
  }

  /** The same with other CAs. */
  withRows(rows: readonly CaRow[]): Deps {
    const backups = { rows: new Map(rows.map((one) => [one.name, one])), backups: NO_BACKUPS };
    return { ...this.plain, quotas: NO_QUOTAS, managed: { ...NOTHING_MANAGED, rows, backups } };
  }

  /** Switches it on or off. */
  turn(zone: PackZone, isTotalTlsOn: boolean, totalTlsCa?: CertificateAuthority): Promise<unknown> {
    return changeTotalTls(this.deps, { zone, isTotalTlsOn, totalTlsCa, by: OPERATOR });
  }

  /** A zone where it is on. */
  async newZone(name: string): Promise<PackZone> {
    const zone = await givenZone(this.plain, name);
    await this.turn(zone, true);
    return zone;
  }

  /** Changes records of a zone. */
  change(zone: PackZone, ...wishes: RecordWish[]): Promise<ZoneRecord[]> {
    return changeRecords(this.deps, { zone, wishes, by: OPERATOR });
  }

  /** Makes proxied records of these labels. */
  records(zone: PackZone, ...labels: string[]): Promise<ZoneRecord[]> {
    const names = labels.map((label) => (label === '' ? zone.name : `${label}.${zone.name}`));
    return this.change(
      zone,
      ...names.map((name) => ({ kind: 'create', pointer: '', record: proxied(name) }) as const),
    );
  }

  /** Does all that is due of what the service makes by itself, after some time; in how many transactions. */
  async keep(seconds = 0, deps = this.deps): Promise<number> {
    this.plain.clock.advance(seconds);
    let n = 0;
    while (await keepManaged(deps)) n += 1;
    return n;
  }

  /** Packs of Total TLS of a zone that are not leaving. */
  packsOf({ id }: PackZone): Promise<Pack[]> {
    return transaction(this.plain.pool, (tx) => lockManagedPacks(tx, id, 'total_tls'));
  }

  /** Their labels. */
  async labelsOf(zone: PackZone): Promise<string[]> {
    const packs = await this.packsOf(zone);
    return packs.map(({ hosts }) => hosts.map((host) => host.replace(`.${zone.name}`, '')).join()).toSorted();
  }

  /** A pack of Total TLS that is served, for a label; its id. */
  async givenServed(zone: PackZone, label: string): Promise<string> {
    const hosts = [`${label}.${zone.name}`];
    const id = await givenPack(this.plain, zone, { type: 'total_tls', status: 'active', hosts });
    await givenCertificates(this.plain, id);
    return id;
  }
}

/** A proxied record of a name. */
const proxied = (name: string): RecordTerms => ({
  name,
  type: 'A',
  content: '192.0.2.1',
  ttl: 1,
  isProxied: true,
  comment: undefined,
  tags: [],
});
