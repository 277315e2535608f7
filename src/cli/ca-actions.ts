/** What the commands of `certpacks ca` do. */
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stringify } from 'smol-toml';
import type { Ca, CaReport, CaRow } from '../ca/ca.ts';
import { toCaRow } from '../ca/configuration.ts';
import { createCa } from '../ca/registry.ts';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Database, openDatabase } from '../serve/database.ts';
import { kekPlaceOf, loadSeal } from '../serve/kek.ts';
import { caStores } from '../serve/sources.ts';
import { deleteCaAccounts, listCaAccountTenants } from '../store/ca-accounts.ts';
import { printLine } from './print.ts';
import { placeFor, readSetting } from './process.ts';

/** Longest that a CA may take for all that is asked, in milliseconds. */
const LIMIT_MS = 120_000;
const say = printLine;

interface NewCa {
  readonly directoryUrl?: string;
  readonly contact?: string;
  readonly eabKid?: string;
  readonly eabHmacKeyFile?: string;
  readonly tlsRootsFile?: string;
  readonly agree?: boolean;
}

/** Lists the CAs that are configured. */
export function list(): void {
  const { config } = readSetting(true);
  const entries = Object.entries(config.ca);
  if (entries.length === 0)
    say('no CA is configured; `certpacks ca add` writes one into the configuration file');
  for (const [name, table] of entries) {
    const { directoryUrl, eab, hasAgreedToTerms, warning } = toCaRow(name, table);
    const terms = hasAgreedToTerms ? 'terms agreed to' : 'terms NOT agreed to: no account is made';
    say(`${name.padEnd(14)} ${directoryUrl}  ${terms}${eab ? ', with external account binding' : ''}`);
    if (warning !== undefined) say(`               ${warning}`);
  }
}

/** Tries a CA, or all. */
export async function test(name: string | undefined): Promise<void> {
  const { config } = readSetting(true);
  const names = name === undefined ? Object.keys(config.ca) : [name];
  if (names.length === 0) throw new Fault('configuration', 'no CA is configured');
  for (const one of names) {
    if (!Object.hasOwn(config.ca, one))
      throw new Fault('configuration', `[ca.${one}] is not in the configuration file`);
    await tell(toCaRow(one, config.ca[one]));
  }
}

/** Appended, so that whatever else is in the file stays as somebody wrote it. */
/** Tries a CA, and writes it down. */
export async function add(name: string, options: NewCa): Promise<void> {
  const { config } = readSetting(true);
  const { config: file } = config.options;
  if (file === '') throw new Fault('configuration', 'CERTPACKS_CONFIG must name the configuration file');
  if (Object.hasOwn(config.ca, name))
    throw new Fault('configuration', `[ca.${name}] is in ${file} already; change it there`);
  const table = {
    ...(options.directoryUrl !== undefined && { directory_url: options.directoryUrl }),
    ...(options.contact !== undefined && { contact: options.contact }),
    ...(options.eabKid !== undefined && { eab_kid: options.eabKid }),
    ...(options.eabHmacKeyFile !== undefined && { eab_hmac_key_file: options.eabHmacKeyFile }),
    ...(options.tlsRootsFile !== undefined && { tls_roots_file: options.tlsRootsFile }),
    agreed_to_terms: options.agree ?? false,
  };
  await tell(toCaRow(name, table));
  const before = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : '';
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${before}\n\n${stringify({ ca: { [name]: table } }).trim()}\n`, {
    mode: 0o600,
    flush: true,
  });
  chmodSync(own, 0o600);
  renameSync(own, file);
  say(`[ca.${name}] was written to ${file}; restart the service to use it`);
}

async function tell(row: CaRow): Promise<void> {
  for (const report of await withCa(row, ({ ca }) => proven(ca))) {
    say(`${row.name} at ${report.directoryUrl} works`);
    say(`  account            ${report.accountUrl}${ACCOUNT[report.account]}`);
    say(`  terms of service   ${report.terms ?? 'none'}`);
    say(`  CAA records        ${report.caaIdentities.join(', ') || 'it does not say how they call it'}`);
    say(`  profiles           ${report.profiles.join(', ') || 'none'}`);
    say(
      `  renewal            ${report.hasRenewalInfo ? 'in the window that it names (RFC 9773)' : 'at a third of life left'}`,
    );
    say(`  revocation         ${report.canRevoke ? 'yes' : 'no'}`);
  }
}

const ACCOUNT: Readonly<Record<CaReport['account'], string>> = {
  known: ', which the CA knows',
  new: ', made just now',
  'made anew': ', made anew just now: the CA no longer knew the one that was here',
};

const proven = (ca: Ca): Promise<CaReport[]> =>
  ca.prove(AbortSignal.timeout(LIMIT_MS)).catch((error: unknown) => {
    throw inWords(error);
  });

interface Forgetting {
  readonly anyway?: boolean;
  readonly account?: string;
}

/** Forgets accounts at a CA. */
export async function forget(name: string, options: Forgetting): Promise<void> {
  const row = toCaRow(name, readSetting(true).config.ca[name] ?? {});
  const { forgotten, known } = await withCa(row, (at) => forgetAt(at, options));
  if (known > 0 && forgotten.length === 0)
    throw new Fault(
      'configuration',
      `${name} still knows our account: it is not forgotten without --anyway, and what it issued ` +
        'could no longer be revoked from here',
    );
  say(forgotten.length > 0 ? `forgotten: ${forgotten.join(', ')}` : `there is no account at ${name}`);
  if (known > 0) say(`${known} more are kept, which ${name} still knows`);
  say(
    `the next order, or \`certpacks ca test ${name}\`, makes another; services that run take it by themselves`,
  );
}

/** The one of all, and those that tenants have of their own: each is known to the CA or not. */
async function forgetAt(
  { ca, database: { pool } }: AtCa,
  { anyway = false, account }: Forgetting,
): Promise<{ readonly forgotten: readonly string[]; readonly known: number }> {
  const tenants = await listCaAccountTenants(pool, ca.row.name);
  const forgotten: string[] = [];
  let known = 0;
  for (const tenant of tenants.filter((one) => account === undefined || one === account)) {
    const isKept = !anyway && (await isKnown(ca, tenant));
    if (isKept) known += 1;
    else forgotten.push(...(await deleteCaAccounts(pool, ca.row.name, tenant)));
  }
  return { forgotten, known };
}

const isKnown = (ca: Ca, tenant: string): Promise<boolean> =>
  ca
    .isAccountKnown(tenant === '' ? undefined : tenant, AbortSignal.timeout(LIMIT_MS))
    .catch((error: unknown) => {
      throw inWords(error);
    });

interface AtCa {
  readonly ca: Ca;
  readonly database: Database;
}

/** With the account that the service uses, which is kept, sealed, in its database. */
async function withCa<T>(row: CaRow, work: (at: AtCa) => Promise<T>): Promise<T> {
  const { config, log } = readSetting(true);
  const dir = placeFor(config, undefined, false);
  const database = await openDatabase(config.options, dir, log);
  try {
    const clock = systemClock();
    const seal = loadSeal(kekPlaceOf(config.options, dir));
    const stores = caStores({ pool: database.pool, seal, clock });
    return await work({ ca: createCa(row, { ...stores, clock, log }), database });
  } finally {
    await database.stop();
  }
}

/** What failed, for whoever tries a CA: nothing is tried again here. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  const message = error.message.replace(/; it is tried again$/, '');
  const isUntrusted = /CERT|VERIFY/.test(message);
  const hint = isUntrusted
    ? ': its TLS certificate is not trusted here; tls_roots_file names the roots of a private CA'
    : '';
  return new Fault(error.fault, `${message}${hint}`, { cause: error });
}
