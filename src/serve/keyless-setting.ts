/** How keys that their owners keep are reached, as the options say. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TokensOfPacks } from '../job/job.ts';
import type { KeylessSetting } from '../keyless/owners-keys.ts';
import { environ, type Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';

/** Where the terminator is, unless an option says. */
export const terminatorIn = (dir: string): string => join(dir, 'keyless', 'terminator');

/** Throws `configuration` for a file that is missing, or that others may read. `dir` is the data folder. */
export function keylessSettingOf(options: Options, dir: string): KeylessSetting {
  const program = options.keyless_program || terminatorIn(dir);
  if (options.keyless_program !== '' && !existsSync(program))
    throw new Fault(
      'configuration',
      `option 'keyless_program': there is no ${program}; certpacks keyless build makes it`,
    );
  return {
    program: existsSync(program) ? program : '',
    client: clientOf(options),
    keyServers: options.key_servers.map((one) => one.toLowerCase()),
    pkcs11: pkcs11Of(options),
  };
}

/** Which packs have their keys in a token, and in which. Throws `configuration` where there is no module to reach it by. */
export function tokenPacksOf(options: Options): Pick<TokensOfPacks, 'isFor' | 'label'> {
  const { pkcs11_packs: whose, pkcs11_packs_token: label, pkcs11_module: module } = options;
  if (whose.length > 0 && module === '')
    throw new Fault('configuration', "option 'pkcs11_packs' wants a token: set 'pkcs11_module' too");
  const odd = whose.find((one) => one !== 'all' && !/^[0-9a-f]{32}$/.test(one));
  if (odd !== undefined)
    throw new Fault(
      'configuration',
      `option 'pkcs11_packs': ‘${odd.slice(0, 40)}’ is no id of an account or a zone, nor ‘all’`,
    );
  if (Buffer.byteLength(label) > LONGEST_LABEL)
    throw new Fault('configuration', `option 'pkcs11_packs_token' is longer than ${LONGEST_LABEL} bytes`);
  const listed = new Set(whose);
  const isFor: TokensOfPacks['isFor'] = ({ id, accountId }) =>
    listed.has('all') || listed.has(id) || listed.has(accountId);
  return { isFor, label };
}

/** Of a token's label (PKCS #11, CK_TOKEN_INFO). */
const LONGEST_LABEL = 32;

function clientOf(options: Options): KeylessSetting['client'] {
  const { key_server_cert_file: cert, key_server_key_file: key, key_server_ca_file: ca } = options;
  if (cert === '' && key === '' && ca === '') return undefined;
  return {
    cert: readText('key_server_cert_file', cert),
    key: readSecret('key_server_key_file', key),
    ca: readText('key_server_ca_file', ca),
  };
}

function pkcs11Of(options: Options): KeylessSetting['pkcs11'] {
  const { pkcs11_module: module, pkcs11_slot: slot, pkcs11_sessions: sessions } = options;
  if (module === '') return undefined;
  if (!existsSync(module)) throw new Fault('configuration', `option 'pkcs11_module': there is no ${module}`);
  if (!/^\d{0,19}$/.test(slot)) throw new Fault('configuration', "option 'pkcs11_slot' must be a number");
  const pin =
    options.pkcs11_pin_file === ''
      ? options.pkcs11_pin
      : readSecret('pkcs11_pin_file', options.pkcs11_pin_file).trim();
  return { module, slot: slot === '' ? undefined : slot, pin, sessions, environment: modulesEnvironment() };
}

/** Modules find their configuration by variables of their makers; ours are none of their business. */
const modulesEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environ()).flatMap(([name, value]) =>
      value === undefined || /^(?:CERTPACKS_|NODE_|OPENSSL_|LD_)/.test(name) ? [] : [[name, value]],
    ),
  );

function readText(option: string, path: string): string {
  if (path === '')
    throw new Fault('configuration', `option '${option}' is missing beside the others of key_server_…`);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Fault('configuration', `option '${option}': ${path} cannot be read`, { cause });
  }
}

function readSecret(option: string, path: string): string {
  const text = readText(option, path);
  if ((statSync(path).mode & 0o077) === 0) return text;
  throw new Fault('configuration', `option '${option}': others may read ${path}; chmod 600 it`);
}
