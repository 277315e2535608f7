/** The rows that stand for one pack, in every table that knows of it: what `insertPack` and its jobs would have written. */

import { systemClock } from '../../src/kit/clock.ts';
import { render } from '../../src/operation/render.ts';
import { slotsOfPack } from '../../src/pack/account-slots.ts';
import { toName } from '../../src/pack/hosts.ts';
import { deadline, earliestEnd } from '../../src/pack/lifecycle.ts';
import { classOf, countChange, facetOf, placeOfCa } from '../../src/pack/list-index.ts';
import type { Certificate, Pack, PackZone } from '../../src/pack/pack.ts';
import { renewalPlanOf } from '../../src/pack/renewal.ts';
import { partOf, planValues } from '../../src/store/account-counts.ts';
import { BUCKET_BITS } from '../../src/store/list/counts.ts';
import type { RowAside } from '../../src/store/packs.ts';
import { reverse, suffixesOf } from '../../src/store/published-records.ts';
import type { Tx } from '../../src/store/store.ts';
import { cellOf } from '../../src/store/zone-key.ts';
import { Rows } from './copy.ts';

const deps = { clock: systemClock(), json: { delegationZone: 'dcv.example.net' }, brandingDomain: '' };

/** Everything about packs that is written as they come. */
export class PackTables {
  readonly #packs = new Rows('packs');
  readonly #certificates = new Rows('certificates');
  readonly #hosts = new Rows('pack_hosts');
  readonly #suffixes = new Rows('pack_suffixes');
  readonly #renewals = new Rows('pack_renewals');
  /** Bytes of all packs' JSON. */
  bytes = 0;

  add(pack: Pack): void {
    const rendered = render(deps, pack);
    this.bytes += Buffer.byteLength(rendered.json);
    this.#packs.add(packRow(pack, rendered));
    for (const one of pack.certificates) this.#certificates.add(certificateRow(pack, one));
    const { ord, createdOn: created_on } = pack;
    const place = { ...inZone(pack.zone), ord, account_id: pack.zone.accountId, created_on };
    const names = new Set(pack.hosts.map(toName));
    for (const name of names) this.#hosts.add({ ...place, reversed: reverse(name) });
    for (const name of new Set([...names].flatMap(suffixesOf)))
      if (!names.has(name)) this.#suffixes.add({ ...place, name });
    const plan = renewalPlanOf(pack);
    const { created_on: _, ...key } = place;
    if (plan) this.#renewals.add({ ...key, ...planValues(plan), ca: placeOfCa(pack.certificateAuthority) });
  }

  /** Sends the packs' own rows. */
  sendPacks(tx: Tx): Promise<void> {
    return this.#packs.send(tx);
  }

  /** Sends the rows that belong to packs: at the same time, while no foreign key is there. */
  async sendParts(tx: Tx): Promise<void> {
    for (const rows of [this.#certificates, this.#hosts, this.#suffixes, this.#renewals]) await rows.send(tx);
  }
}

const inZone = ({ id }: Pick<PackZone, 'id'>) => ({ cell: cellOf(id), zone_id: id });

const packRow = (pack: Pack, { json: wire, jsonVersion: wireVersion }: Omit<RowAside, 'dueAt'>) => ({
  ...inZone(pack.zone),
  id: pack.id,
  account_id: pack.zone.accountId,
  lane: 0,
  ord: pack.ord,
  type: pack.type,
  status: pack.status,
  status_since: pack.statusSince,
  hosts: pack.hosts,
  certificate_authority: pack.certificateAuthority,
  validation_method: pack.validationMethod,
  validity_days: pack.validityDays,
  environment: pack.environment,
  is_branded: pack.isBranded,
  validation_records: JSON.stringify(pack.validationRecords),
  validation_errors: JSON.stringify(pack.validationErrors),
  attempts: pack.attempts,
  created_on: pack.createdOn,
  modified_on: pack.modifiedOn,
  due_at: deadline(pack),
  claim: pack.claim,
  wire,
  wire_version: wireVersion,
  class: classOf(pack),
  facet: facetOf(pack),
  expires_on: earliestEnd(pack),
});

const certificateRow = (pack: Pack, one: Certificate) => ({
  ...inZone(pack.zone),
  id: one.id,
  pack_id: pack.id,
  algorithm: one.algorithm,
  hosts: one.hosts,
  issuer: one.issuer,
  signature: one.signature,
  fingerprint: one.fingerprint,
  serial: one.serial,
  not_before: one.notBefore,
  not_after: one.notAfter,
  uploaded_on: one.uploadedOn,
  modified_on: one.modifiedOn,
  chain: '',
  sealed_key: NO_KEY,
});

/** No list reads chains or keys, and keys of a thousandth of a second each would take longer than all the rest. */
const NO_KEY = Buffer.alloc(0);

/** Counts of a zone and of its buckets, gathered as its packs come. */
export class ZoneCounts {
  readonly #zone: PackZone;
  readonly #total: number[] = [];
  readonly #buckets = BUCKET_BITS.map(() => new Map<number, number[]>());
  #last = 0;

  constructor(zone: PackZone) {
    this.#zone = zone;
  }

  add(pack: Pack): void {
    this.#last = Math.max(this.#last, pack.ord);
    const counts = countChange(undefined, pack);
    addTo(this.#total, counts);
    for (const [level, buckets] of this.#buckets.entries()) {
      const bucket = Math.floor(pack.ord / 2 ** (BUCKET_BITS[level] ?? 0));
      const sums = buckets.get(bucket) ?? [];
      buckets.set(bucket, sums);
      addTo(sums, counts);
    }
  }

  /** Rows of `pack_buckets`, and of the table in which zones' own counts are brought in. */
  write(buckets: Rows, zones: Rows): void {
    for (const [level, sums] of this.#buckets.entries())
      for (const [bucket, counts] of sums) buckets.add({ ...inZone(this.#zone), level, bucket, counts });
    zones.add({ id: this.#zone.id, next_ord: this.#last + 1, counts: this.#total });
  }
}

/** Counts of an account, gathered as its packs come. */
export class AccountCounts {
  readonly #sums = new Map<string, { readonly row: Readonly<Record<string, string | number>>; n: number }>();

  add(pack: Pack): void {
    const { id, accountId: account_id } = pack.zone;
    for (const slot of slotsOfPack(pack)) {
      const row = { cell: cellOf(id), account_id, part: partOf(id), slot };
      const key = Object.values(row).join(' ');
      const sum = this.#sums.get(key) ?? { row, n: 0 };
      this.#sums.set(key, sum);
      sum.n += 1;
    }
  }

  /** Rows of `account_counts`. */
  write(rows: Rows): void {
    for (const { row, n } of this.#sums.values()) rows.add({ ...row, n });
  }
}

function addTo(sums: number[], counts: readonly number[]): void {
  for (const [i, n] of counts.entries()) sums[i] = (sums[i] ?? 0) + n;
}
