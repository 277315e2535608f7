import { createHash } from 'node:crypto';
import type { ApiDeps, Pinned } from '../api/deps.ts';
import { changeRecords } from '../operation/change-records.ts';
import { pinPack } from '../operation/pin-pack.ts';
import { pinToken } from '../operation/pin-token.ts';
import { pinZone } from '../operation/pin-zone.ts';
import { toTerms } from '../record/terms.ts';
import { createAccount, getAccount } from '../store/accounts.ts';
import { OPERATOR } from '../store/audit.ts';
import { getRecord, listRecords } from '../store/dns-records.ts';
import { transaction } from '../store/store.ts';
import { keySecret } from '../store/tokens.ts';
import type { Zone } from '../store/zone-row.ts';
import { getZone } from '../store/zones.ts';
import type { Fixtures } from './fixtures.ts';

type FixtureZone = NonNullable<Fixtures['zones']>[number];
type FixtureRecord = NonNullable<FixtureZone['dns_records']>[number];

/** Where a request names an account. */
const ACCOUNT = /(\/accounts\/|[?&]account\.id=)([0-9a-f]{32})\b/g;

/** Has all that a fixture file pins there, now and before each request behind one that may have changed something. */
export class Pins implements Pinned {
  readonly #deps: ApiDeps;
  readonly #fixtures: Fixtures;
  readonly #zones: readonly FixtureZone[];
  #isDirty = true;
  #restoring: Promise<void> = Promise.resolve();

  constructor(deps: ApiDeps, fixtures: Fixtures) {
    this.#deps = deps;
    this.#fixtures = fixtures;
    this.#zones = fixtures.zones ?? [];
  }

  readonly changed = (): void => {
    this.#isDirty = true;
  };

  readonly restore = (): Promise<void> => {
    if (this.#isDirty) {
      this.#isDirty = false;
      // One after the other: they would make the same.
      this.#restoring = this.#restoring.catch(() => undefined).then(() => this.#restoreAll());
      this.#restoring.catch(this.changed);
    }
    return this.#restoring;
  };

  readonly rewrite = (url: string): string => {
    const { id, aliases = [] } = this.#fixtures.account;
    const isBare = aliases.includes(url);
    return isBare
      ? id
      : url.replace(ACCOUNT, (whole, before, one) => (aliases.includes(one) ? `${before}${id}` : whole));
  };

  readonly zoneNamed = (name: string): string | undefined =>
    this.#zones.find((zone) => zone.name === name.toLowerCase())?.id;

  readonly makeRoom = async (zoneId: string, record: unknown): Promise<void> => {
    const pinned = this.#zones.find(({ id }) => id === zoneId);
    const zone = pinned && (await getZone(this.#deps.pool, this.#fixtures.account.id, zoneId));
    if (!zone || !(record instanceof Object) || !('name' in record)) return;
    const [name, content] = [String(record.name), 'content' in record ? record.content : undefined];
    const found = await transaction(this.#deps.pool, (tx) =>
      listRecords(tx, zoneId, { ids: [], names: [name] }),
    );
    const ids = new Set(pinned?.dns_records?.map(({ id }) => id));
    const wishes = found
      .filter((one) => one.content === content && !ids.has(one.id))
      .map(({ id }) => ({ kind: 'delete', id, pointer: '' }) as const);
    if (wishes.length > 0) await changeRecords(this.#deps, { zone, wishes, by: OPERATOR });
  };

  async #restoreAll(): Promise<void> {
    await pinAccount(this.#deps, this.#fixtures);
    await pinCredentials(this.#deps, this.#fixtures);
    for (const zone of this.#zones) await this.#restoreZone(zone);
    this.#deps.poke();
  }

  async #restoreZone(pinned: FixtureZone): Promise<void> {
    const deps = this.#deps;
    const { id, name, type, dns_records = [], certificate_packs = [] } = pinned;
    const accountId = this.#fixtures.account.id;
    await pinZone(deps, { accountId, id, name, type });
    const zone = await getZone(deps.pool, accountId, id);
    if (!zone) throw new Error(`the pinned zone ${name} is not there`);
    for (const record of dns_records) await pinRecord(deps, zone, record);
    for (const pack of certificate_packs) await pinPack(deps, { zone, id: pack.id, order: orderOf(pack) });
  }
}

/** The account is made once: nobody can delete it. */
export async function pinAccount(
  { pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>,
  { account: { id, name } }: Fixtures,
): Promise<void> {
  if (!(await getAccount(pool, id))) await createAccount(pool, name, clock.now(), id);
}

async function pinCredentials(deps: ApiDeps, { account, users = [], tokens = [] }: Fixtures): Promise<void> {
  const accountId = account.id;
  for (const { email, key } of users) {
    const name = `user ${email.toLowerCase()}`;
    await pinToken(deps, { accountId, id: idOf(name), name, secret: keySecret(email, key) });
  }
  for (const { id, name, value } of tokens)
    await pinToken(deps, { accountId, id: id ?? idOf(name), name, secret: value });
}

/** The same at each start. */
const idOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32);

async function pinRecord(deps: ApiDeps, zone: Zone, { id, ...given }: FixtureRecord): Promise<void> {
  if (await getRecord(deps.pool, zone.id, id)) return;
  const record = toTerms(given, { zone: zone.name, hasPublicAddresses: deps.publicAddresses.length > 0 });
  await changeRecords(deps, { zone, wishes: [{ kind: 'create', pointer: '', record, id }], by: OPERATOR });
}

const orderOf = (pack: NonNullable<FixtureZone['certificate_packs']>[number]) =>
  ({
    type: pack.type,
    hosts: pack.hosts,
    certificateAuthority: pack.certificate_authority,
    validationMethod: pack.validation_method,
    validityDays: pack.validity_days,
    environment: 'production',
    isBranded: false,
  }) as const;
