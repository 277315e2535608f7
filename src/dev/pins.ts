import { createHash } from 'node:crypto';
import type { ApiDeps, Pinned } from '../api/deps.ts';
import { changeRecords } from '../operation/change-records.ts';
import { pinCsr } from '../operation/pin-csr.ts';
import { pinKeyless } from '../operation/pin-keyless.ts';
import { pinPack } from '../operation/pin-pack.ts';
import { pinToken } from '../operation/pin-token.ts';
import { pinUpload } from '../operation/pin-upload.ts';
import { pinZone } from '../operation/pin-zone.ts';
import { toRecordName } from '../record/names.ts';
import type { ZoneRecord } from '../record/record.ts';
import { toTerms } from '../record/terms.ts';
import { createAccount, getAccount } from '../store/accounts.ts';
import { OPERATOR } from '../store/audit.ts';
import { getRecord, listRecords } from '../store/dns-records.ts';
import { transaction } from '../store/store.ts';
import { keySecret } from '../store/tokens.ts';
import type { Zone } from '../store/zone-row.ts';
import { getZone } from '../store/zones.ts';
import type { Fixtures } from './fixtures.ts';
import { pinAlerting } from './pin-alerting.ts';
import { makeHostnameRoom, pinHostnames } from './pin-hostnames.ts';
import { selfSigned } from './self-signed.ts';

type FixtureZone = NonNullable<Fixtures['zones']>[number];
type FixtureRecord = NonNullable<FixtureZone['dns_records']>[number];

/** Where a request names an account. */
const ACCOUNT = /(\/accounts\/|[?&]account\.id=)([0-9a-z_]{1,32})(?![0-9A-Za-z_-])/g;

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

  readonly complete = (zoneId: string, record: unknown): void => {
    if (!(record instanceof Object) || 'content' in record || 'data' in record || !('type' in record)) return;
    const pinned = this.#zones.find(({ id }) => id === zoneId)?.dns_records ?? [];
    const found = pinned.find(({ type }) => type === record.type);
    if (found) Object.assign(record, { content: found.content });
  };

  readonly makeHostnameRoom = async (zoneId: string, hostname: string): Promise<void> => {
    const pinned = this.#zones.find(({ id }) => id === zoneId);
    const zone = pinned && (await getZone(this.#deps.pool, this.#fixtures.account.id, zoneId));
    if (zone) await makeHostnameRoom(this.#deps, zone, { hostname, pinned });
  };

  readonly makeRoom = async (
    { zoneId, id: own }: { readonly zoneId: string; readonly id: string | undefined },
    record: unknown,
  ): Promise<void> => {
    const pinned = this.#zones.find(({ id }) => id === zoneId);
    const zone = pinned && (await getZone(this.#deps.pool, this.#fixtures.account.id, zoneId));
    if (!zone || !(record instanceof Object) || !('name' in record)) return;
    const [name, content] = [String(record.name), 'content' in record ? record.content : undefined];
    const found = await transaction(this.#deps.pool, (tx) =>
      listRecords(tx, zoneId, { ids: [], names: [name] }),
    );
    // One that is pinned comes back as it was, so that it makes room only where it is not as it was.
    const isPinned = ({ id, ...one }: ZoneRecord) =>
      pinned.dns_records?.some(
        (as) => as.id === id && as.content === one.content && toRecordName(as.name, zone.name) === one.name,
      );
    const wishes = found
      .filter((one) => one.content === content && one.id !== own && !isPinned(one))
      .map(({ id }) => ({ kind: 'delete', id, pointer: '' }) as const);
    if (wishes.length > 0) await changeRecords(this.#deps, { zone, wishes, by: OPERATOR });
  };

  async #restoreAll(): Promise<void> {
    await pinAccount(this.#deps, this.#fixtures);
    await pinCredentials(this.#deps, this.#fixtures);
    for (const zone of this.#zones) await this.#restoreZone(zone);
    const { account, alerting = {}, custom_csrs = [] } = this.#fixtures;
    for (const { id, hosts } of custom_csrs) {
      const [first = '', ...more] = hosts;
      await pinCsr(this.#deps, { accountId: account.id, id, hosts: [first, ...more] });
    }
    await pinAlerting(this.#deps, account.id, alerting);
    this.#deps.poke();
  }

  async #restoreZone(pinned: FixtureZone): Promise<void> {
    const deps = this.#deps;
    const { id, name, type, dns_records = [], certificate_packs = [], custom_certificates = [] } = pinned;
    const accountId = this.#fixtures.account.id;
    await pinZone(deps, { accountId, id, name, type });
    const zone = await getZone(deps.pool, accountId, id);
    if (!zone) throw new Error(`the pinned zone ${name} is not there`);
    for (const record of dns_records) await pinRecord(deps, zone, record);
    for (const pack of certificate_packs) await pinPack(deps, { zone, id: pack.id, order: orderOf(pack) });
    for (const { hosts, ...custom } of custom_certificates)
      await pinUpload(deps, { zone, ...custom, make: () => selfSigned(hosts, deps.clock.now()) });
    await pinAllKeyless(deps, zone, pinned);
    await pinHostnames(deps, zone, pinned);
  }
}

/** The account is made once: nobody can delete it. */
export async function pinAccount(
  { pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>,
  { account: { id, name } }: Fixtures,
): Promise<void> {
  if (!(await getAccount(pool, id))) await createAccount(pool, name, clock.now(), id);
}

async function pinAllKeyless(deps: ApiDeps, zone: Zone, { keyless_certificates = [] }: FixtureZone) {
  for (const { id, hosts, ...facts } of keyless_certificates)
    await pinKeyless(deps, { zone, id, facts, make: () => selfSigned(hosts, deps.clock.now()) });
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
