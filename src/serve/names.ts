/** Whose names are whose, as the options of a service say. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { CaRow } from '../ca/ca.ts';
import type { LiveEdge } from '../edge/edge.ts';
import type { JobDeps } from '../job/job.ts';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { days } from '../kit/time.ts';
import { HOSTNAME_FEATURES, type HostnamePolicy } from '../operation/hostname-policy.ts';
import type { BackupPolicy } from '../operation/insert-backup.ts';
import type { ManagedPolicy } from '../operation/managed-policy.ts';
import type { Quotas } from '../operation/quotas.ts';
import type { NamePolicy, OwnedName } from '../pack/name-policy.ts';
import { CERTIFICATE_AUTHORITIES, type CertificateAuthority } from '../pack/pack.ts';
import { ACTIVATIONS, type ZonePolicy } from '../pack/zone-life.ts';
import { toNameServers } from './addresses.ts';

/** Which names are not free, by what the operator uses himself. Throws `configuration` for what is no id of an account. */
export function namesOf(
  options: Options,
  edges: readonly Pick<LiveEdge, 'host'>[],
  publishers: JobDeps['publishers'] = new Map(),
): NamePolicy {
  const own = [
    options.delegation_zone,
    options.branding_domain,
    options.tls_host,
    ...toNameServers(options.name_servers).map(({ name }) => name),
  ];
  const updated = [...publishers].map(([name, { accountId }]): OwnedName => ({ name, accountId }));
  return {
    // Edges come and go while the service runs.
    get owned() {
      return [...named([...own, ...edges.map(({ host = '' }) => host)]), ...updated];
    },
    operatorAccounts: accountsIn(options, 'operator_accounts'),
    suffixAccounts: accountsIn(options, 'suffix_accounts'),
    rest: days(options.name_rest_days),
  };
}

const named = (hosts: readonly string[]): OwnedName[] =>
  hosts
    .map(plain)
    .filter((name) => name !== '')
    .map((name) => ({ name }));

function accountsIn(
  options: Options,
  name: 'operator_accounts' | 'suffix_accounts' | 'backup_accounts',
): readonly string[] {
  const ids = options[name];
  const wrong = ids.find((id) => !/^[0-9a-f]{32}$/.test(id));
  if (wrong === undefined) return ids;
  const what = 'ids of accounts, 32 hexadecimal characters each (`certpacks account list`)';
  throw new Fault('configuration', `${name} has '${wrong.slice(0, 100)}'; it must have ${what}`);
}

/** A name in A-labels without a final dot; '' for an address, or what is no name of more than one label. */
function plain(host: string): string {
  const name = isIP(host) === 0 ? domainToASCII(host.replace(/\.$/, '')).toLowerCase() : '';
  return name.includes('.') ? name : '';
}

/** Which packs have a backup, and of which CA. Throws `configuration` for what is neither. */
export function backupsOf(options: Options): BackupPolicy {
  const preferred = casIn(options, 'backup_cas');
  const accounts = accountsIn(options, 'backup_accounts');
  return { preferred, accounts, isUniversal: options.universal_backups };
}

function casIn(options: Options, option: 'backup_cas' | 'managed_cas'): readonly CertificateAuthority[] {
  return options[option].map((name) => {
    const known = CERTIFICATE_AUTHORITIES.find((one) => one === name);
    if (known) return known;
    const names = CERTIFICATE_AUTHORITIES.join(', ');
    throw new Fault(
      'configuration',
      `${option} has '${name.slice(0, 100)}'; a CA has one of the names ${names}`,
    );
  });
}

/** What the service makes by itself. Throws `configuration` for a CA that there is not. */
export function managedOf(options: Options, rows: readonly CaRow[]): ManagedPolicy {
  const wanted = casIn(options, 'managed_cas');
  return {
    isUniversalOn: { full: options.universal, partial: options.universal && options.universal_partial },
    rows: wanted.flatMap((name) => rows.find((row) => row.name === name) ?? []),
    backups: { rows: new Map(rows.map((row) => [row.name, row])), backups: backupsOf(options) },
    moveInOrders: options.move_in_orders,
  };
}

/** How zones become active. Throws `configuration` for a way that there is not. */
export function zonePolicyOf(options: Options): ZonePolicy {
  const activation = ACTIVATIONS.find((one) => one === (options.zone_activation || 'check'));
  if (activation === undefined)
    throw new Fault('configuration', `zone_activation must be ${ACTIVATIONS.join(' or ')}`);
  const nameServers = toNameServers(options.name_servers).map(({ name }) => name);
  return { activation, nameServers, perZone: options.zone_name_servers };
}

/** What custom hostnames may be. Throws `configuration` for a feature that there is not. */
export function hostnamesOf(options: Options): HostnamePolicy {
  const features = options.hostname_features.map((name) => {
    const known = HOSTNAME_FEATURES.find((one) => one === name);
    if (known) return known;
    throw new Fault('configuration', `hostname_features: ${name} is none of ${HOSTNAME_FEATURES.join(', ')}`);
  });
  const {
    zone_hostnames: allocated,
    zone_hostnames_cap: hardCap,
    reserved_hostnames: takesReserved,
  } = options;
  return { allocated, hardCap, features, takesReserved };
}

/** How much one account may have, and one zone. */
export const quotasOf = (options: Options): Quotas => ({
  zones: options.account_zones,
  packs: options.account_packs,
  zonePacks: options.zone_packs,
  hosts: options.account_hosts,
  tokens: options.account_tokens,
  records: options.zone_records,
});
