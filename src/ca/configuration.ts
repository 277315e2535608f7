/** The three CAs as their documentation describes them, and the operator's changes to that. */
import { Fault } from '../kit/fault.ts';
import { days, hours } from '../kit/time.ts';
import { CERTIFICATE_AUTHORITIES, type CertificateAuthority } from '../pack/pack.ts';
import type { CaLimits, CaRow } from './ca.ts';
import { CaTable } from './options.ts';

/** A row with what the operator should know before using it. */
export interface DocumentedRow extends CaRow {
  readonly warning?: string;
}

const COMMON = {
  contact: [],
  hasAgreedToTerms: false,
  validityDays: [14, 30, 90],
  sendsNotAfter: true,
  allowsWildcard: true,
  allowsIdn: true,
  reusesAuthorizations: true,
  isPublic: true,
} as const;

/** As Let's Encrypt publishes them (Rate Limits, https://letsencrypt.org/docs/rate-limits/). */
const LETS_ENCRYPT_LIMITS: CaLimits = {
  orders: { most: 300, within: hours(3) },
  domain: { most: 50, within: days(7) },
  duplicates: { most: 5, within: days(7) },
  failures: { most: 5, within: hours(1) },
};

/** The CAs of the wire's three names as documented. None is used until the operator configures it. */
export const documentedRows: Readonly<Record<CertificateAuthority, DocumentedRow>> = {
  lets_encrypt: {
    ...COMMON,
    name: 'lets_encrypt',
    directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
    validityDays: [90],
    sendsNotAfter: false,
    limits: LETS_ENCRYPT_LIMITS,
  },
  google: {
    ...COMMON,
    name: 'google',
    directoryUrl: 'https://dv.acme-v02.api.pki.goog/directory',
    allowsIdn: false,
  },
  ssl_com: {
    ...COMMON,
    name: 'ssl_com',
    directoryUrl: 'https://acme.ssl.com/sslcom-dv-ecc',
    rsaDirectoryUrl: 'https://acme.ssl.com/sslcom-dv-rsa',
    reusesAuthorizations: false,
    warning:
      'SSL.com charges an account that holds funds for the certificates it issues over ACME. Without funds ' +
      'they are for one name and its www, without wildcards.',
  },
};

/**
 * The row of a CA from the operator's table `[ca.NAME]`, over what is documented of that CA. Throws
 * `configuration` that names the option at fault; unknown names and options are refused.
 */
export function toCaRow(name: string, options: unknown): DocumentedRow {
  const known = CERTIFICATE_AUTHORITIES.find((one) => one === name);
  if (!known) {
    const names = CERTIFICATE_AUTHORITIES.join(', ');
    throw new Fault('configuration', `[ca.${name}]: a CA has one of the names ${names}`);
  }
  const table = new CaTable(name, options);
  const documented = documentedRows[known];
  const row = {
    ...toPlace(table, documented),
    ...toAccount(table, documented),
    ...toOffer(table, documented),
  };
  if (row.sendsNotAfter || row.validityDays.length === 1) return row;
  throw table.wrong('validity_days', 'must be one value unless sends_not_after is true');
}

/** Where the CA is. */
function toPlace(table: CaTable, documented: DocumentedRow) {
  // Another directory is another CA: what belongs to the documented one alone goes.
  const own: Pick<DocumentedRow, 'rsaDirectoryUrl' | 'warning'> = table.has('directory_url')
    ? {}
    : documented;
  const rsaDirectoryUrl = table.url('rsa_directory_url') ?? own.rsaDirectoryUrl;
  const tlsRoots = table.roots();
  return {
    directoryUrl: table.url('directory_url') ?? documented.directoryUrl,
    ...(rsaDirectoryUrl !== undefined && { rsaDirectoryUrl }),
    ...(own.warning !== undefined && { warning: own.warning }),
    ...(tlsRoots !== undefined && { tlsRoots }),
    ...(table.flag('orders_apart') && { keepsOrdersApart: true }),
  };
}

/** Who we are there. */
function toAccount(table: CaTable, documented: DocumentedRow) {
  const eab = table.binding();
  const isRsaAccount = table.flag('rsa_account_key') ?? false;
  return {
    contact: table.contact() ?? documented.contact,
    ...(eab && { eab }),
    ...(table.flag('accounts_per_tenant') && { hasAccountPerTenant: true }),
    ...(isRsaAccount && { isRsaAccount }),
    ...(table.flag('presumes_control') && { presumesControl: true }),
    hasAgreedToTerms: table.flag('agreed_to_terms') ?? documented.hasAgreedToTerms,
  };
}

/** What it issues, and what CAA records call it. */
function toOffer(table: CaTable, documented: DocumentedRow) {
  const caaIdentities = table.caaIdentities();
  const preferredRoot = table.text('preferred_root');
  return {
    name: documented.name,
    validityDays: table.validityDays() ?? documented.validityDays,
    sendsNotAfter: table.flag('sends_not_after') ?? documented.sendsNotAfter,
    allowsWildcard: table.flag('wildcard') ?? documented.allowsWildcard,
    allowsIdn: table.flag('idn') ?? documented.allowsIdn,
    reusesAuthorizations: table.flag('reuses_authorizations') ?? documented.reusesAuthorizations,
    isPublic: table.flag('public') ?? documented.isPublic,
    ...(table.flag('email') && { validatesByEmail: true }),
    ...(caaIdentities && { caaIdentities }),
    ...(preferredRoot !== undefined && { preferredRoot }),
    ...requestsOf(table),
    ...limitsOf(table, documented),
  };
}

/** What its orders and certificate requests have beside names. */
function requestsOf(table: CaTable): Pick<CaRow, 'profile' | 'hasCommonName'> {
  const profile = table.text('profile');
  const hasCommonName = table.flag('common_name') ?? false;
  return { ...(profile !== undefined && { profile }), ...(hasCommonName && { hasCommonName }) };
}

/** The CA's own limits hold at its own directory: its staging environment has others. */
function limitsOf(table: CaTable, { limits }: DocumentedRow): Pick<CaRow, 'limits'> {
  const isKept = (table.flag('limits') ?? true) && !table.has('directory_url');
  return limits && isKept ? { limits } : {};
}
