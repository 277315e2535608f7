/** The options of a CA in the configuration file: one table `[ca.NAME]` each. */
import { readFileSync } from 'node:fs';
import { certificatesIn } from '../acme/chain.ts';
import { isObject, isServerUrl } from '../acme/fields.ts';
import { Fault } from '../kit/fault.ts';
import { VALIDITY_DAYS, type ValidityDays } from '../pack/pack.ts';
import type { CaRow } from './ca.ts';

interface CaOption {
  readonly type: 'text' | 'boolean' | 'list of integers' | 'text or list of texts';
  /** In words: most depend on the CA. */
  readonly default: string;
  /** One sentence for the documentation. */
  readonly says: string;
}

/** Every option of a CA with its sentence; the documentation is made from this table. */
// biome-ignore format: a table is read by column
export const CA_OPTIONS = {
  directory_url:         { type: 'text', default: 'the CA\'s own', says: 'URL of the ACME directory; another than the CA\'s own for its staging environment or a private CA.' },
  rsa_directory_url:     { type: 'text', default: 'the CA\'s own, if any', says: 'URL of a directory of its own for RSA certificates.' },
  contact:               { type: 'text or list of texts', default: 'none', says: 'Mail addresses at which the CA may reach the owner of the account.' },
  eab_kid:               { type: 'text', default: 'none', says: 'Key id of the external account binding that the CA handed out.' },
  eab_hmac_key:          { type: 'text', default: 'none', says: 'MAC key of the external account binding, in base64url as the CA shows it; a secret, better kept in `eab_hmac_key_file`.' },
  eab_hmac_key_file:     { type: 'text', default: 'none', says: 'File with the MAC key of the external account binding, instead of `eab_hmac_key`.' },
  agreed_to_terms:       { type: 'boolean', default: 'false', says: 'Whether you have read the CA\'s terms of service and agree to them; no account is made before.' },
  validity_days:         { type: 'list of integers', default: 'what the CA is known to issue', says: 'Values of `validity_days` that an order may have, out of 14, 30, 90 and 365.' },
  sends_not_after:       { type: 'boolean', default: 'true, except for lets_encrypt', says: 'Whether an order tells the CA when the certificate shall end; a CA with one fixed validity refuses that.' },
  wildcard:              { type: 'boolean', default: 'true', says: 'Whether the CA issues for wildcard hosts.' },
  idn:                   { type: 'boolean', default: 'true, except for google', says: 'Whether the CA issues for internationalized hosts.' },
  email:                 { type: 'boolean', default: 'false', says: 'Whether the CA validates by e-mail, with the challenge `x-email-01` of the simulated CAs, which is no standard: no public CA offers it over ACME, and none may validate so from 2028-03-15 on.' },
  reuses_authorizations: { type: 'boolean', default: 'true, except for ssl_com', says: 'Whether a validation also serves the next order, so that the RSA certificate needs none of its own.' },
  accounts_per_tenant:   { type: 'boolean', default: 'false', says: 'Whether each account here gets an account of its own at the CA, so that one\'s orders, limits and authorizations are never another\'s; for a CA without external account binding, or with one that may be used many times.' },
  presumes_control:      { type: 'boolean', default: 'false', says: 'Whether the CA answers for the names itself, as for domains that were validated for you by contract: authorizations that are valid from the start are taken as they are, for every account here. For a private CA, or where all accounts are yours.' },
  orders_apart:          { type: 'boolean', default: 'false', says: 'Whether a process never sends a new order to this directory while it looks at an authorization there; for Pebble, which can hang for good when both come at once.' },
  public:                { type: 'boolean', default: 'true', says: 'Whether browsers trust the CA, so that the limits of the Baseline Requirements hold.' },
  limits:                { type: 'boolean', default: 'true', says: 'Whether the limits that the CA publishes are kept by a ledger of ours (known of Let\'s Encrypt): an order waits instead of being refused.' },
  caa_identities:        { type: 'text or list of texts', default: 'what the CA\'s directory says', says: 'Names by which CAA records call the CA, e.g. `letsencrypt.org`: an order that CAA records forbid is not sent.' },
  preferred_root:        { type: 'text', default: 'as the CA chooses', says: 'Root at which the chain is to end where the CA offers several: the common name of its subject, or its SHA-256 fingerprint in lower-case hexadecimal.' },
  profile:               { type: 'text', default: 'none', says: 'Profile to order with, one of those that the directory names (draft-aaron-acme-profiles).' },
  common_name:           { type: 'boolean', default: 'false', says: 'Whether certificate requests also have the first host as common name, for a CA that refuses those without.' },
  rsa_account_key:       { type: 'boolean', default: 'false', says: 'Whether a new account at the CA gets an RSA key, for a CA that takes no ECDSA there.' },
  tls_roots_file:        { type: 'text', default: 'none', says: 'File with root certificates in PEM to trust for the directory\'s TLS, besides the system\'s.' },
} as const satisfies Record<string, CaOption>;

type OptionName = keyof typeof CA_OPTIONS;

/** One CA's table. Each reader gives undefined for an option that is not set, and throws `configuration` for a wrong one. */
export class CaTable {
  readonly #name: string;
  readonly #options: Readonly<Record<string, unknown>>;

  /** Throws `configuration` when `options` is no table, or has an option that is unknown. */
  constructor(name: string, options: unknown) {
    this.#name = name;
    if (!isObject(options)) throw new Fault('configuration', `'ca.${name}' must be a table [ca.${name}]`);
    this.#options = options;
    for (const option of Object.keys(options)) {
      if (!Object.hasOwn(CA_OPTIONS, option)) throw this.wrong(option, 'is no option of a CA');
    }
  }

  has(option: OptionName): boolean {
    return this.#options[option] !== undefined;
  }

  text(option: OptionName): string | undefined {
    const value = this.#options[option];
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    throw this.wrong(option, 'must be a text');
  }

  flag(option: OptionName): boolean | undefined {
    const value = this.#options[option];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.wrong(option, 'must be true or false');
  }

  url(option: OptionName): string | undefined {
    const value = this.text(option);
    if (value === undefined || isServerUrl(value)) return value;
    throw this.wrong(option, 'must be an https URL, or an http URL of this machine itself');
  }

  validityDays(): ValidityDays[] | undefined {
    if (!this.has('validity_days')) return undefined;
    const value = this.#options['validity_days'];
    const values: readonly unknown[] = Array.isArray(value) ? value : [];
    const known = VALIDITY_DAYS.filter((length) => values.includes(length));
    if (known.length > 0 && known.length === values.length) return known;
    throw this.wrong('validity_days', `must be a list out of ${VALIDITY_DAYS.join(', ')}`);
  }

  /** Mail addresses as `mailto:` URLs. */
  contact(): string[] | undefined {
    if (!this.has('contact')) return undefined;
    return [this.#options['contact']].flat().map((address) => {
      // One address and nothing else, as RFC 8555 7.3 demands of a mailto URL.
      const [, plain] = /^(?:mailto:)?([^\s@,?]+@[^\s@,?]+)$/.exec(String(address)) ?? [];
      if (plain !== undefined) return `mailto:${plain}`;
      throw this.wrong('contact', 'must be a mail address or a list of them');
    });
  }

  /** Names by which CAA records call the CA. */
  caaIdentities(): string[] | undefined {
    if (!this.has('caa_identities')) return undefined;
    return [this.#options['caa_identities']].flat().map((name) => {
      if (typeof name === 'string' && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name)) return name;
      throw this.wrong('caa_identities', 'must be a host name in lower case or a list of them');
    });
  }

  /** The external account binding, its MAC key in base64url. */
  binding(): CaRow['eab'] {
    const kid = this.text('eab_kid');
    const hmacKey = this.#hmacKey();
    if (kid === undefined && hmacKey === undefined) return undefined;
    if (kid === undefined) throw this.wrong('eab_kid', 'is missing beside the MAC key');
    if (hmacKey === undefined)
      throw this.wrong('eab_hmac_key', 'or eab_hmac_key_file is missing beside eab_kid');
    return { kid, hmacKey };
  }

  #hmacKey(): string | undefined {
    if (this.has('eab_hmac_key') && this.has('eab_hmac_key_file')) {
      throw this.wrong('eab_hmac_key_file', 'must not be set beside eab_hmac_key');
    }
    const option = this.has('eab_hmac_key_file') ? 'eab_hmac_key_file' : 'eab_hmac_key';
    const text = (option === 'eab_hmac_key' ? this.text(option) : this.#file(option))?.trim();
    // Some CAs show the key in the other alphabet of base64.
    const key = text?.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    if (key === undefined || /^[\w-]{16,}$/.test(key)) return key;
    throw this.wrong(option, 'is no MAC key in base64url');
  }

  roots(): string | undefined {
    const pem = this.#file('tls_roots_file');
    if (pem === undefined || certificatesIn(pem).length > 0) return pem;
    throw this.wrong('tls_roots_file', 'has no certificates in PEM');
  }

  #file(option: OptionName): string | undefined {
    const path = this.text(option);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw this.wrong(option, `cannot be read: ${path}`, cause);
    }
  }

  /** The Fault for an option. Values are left out: they may be secret. */
  wrong(option: string, why: string, cause?: unknown): Fault {
    return new Fault('configuration', `[ca.${this.#name}]: ${option} ${why}`, { cause });
  }
}
