/** `certpacks hostnames add` and `change`: what is said of a custom hostname, its certificates and its TLS. */
import { type Command, Option } from 'commander';
import { Fault } from '../kit/fault.ts';
import { TLS_VERSIONS } from '../pack/hostname-tls.ts';
import { BUNDLE_METHODS, CERTIFICATE_AUTHORITIES } from '../pack/pack.ts';
import { VALIDATION_METHODS } from '../pack/validation-method.ts';
import { type Answer, call } from './client.ts';
import { asZoneClient, part } from './client-command.ts';
import { fieldOf, hostnamesOf, idOf, ONE, tell, type ZoneOptions } from './hostname-client.ts';
import { tellLine } from './print.ts';
import { textIn } from './text-in.ts';

interface HostnameOptions extends ZoneOptions {
  readonly method?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly csr?: string;
  readonly bundle?: string;
  readonly wildcard?: boolean;
  readonly origin?: string;
  readonly originSni?: string;
  readonly metadata?: string;
  readonly minTls?: string;
  readonly tls13?: string;
  readonly http2?: string;
  readonly earlyHints?: string;
  readonly ciphers?: string;
  readonly resetTls?: boolean;
}

/** Adds the commands. */
export function addHostnameChanges(hostnames: Command): void {
  said(asZoneClient(hostnames.command('add').description('make a hostname').argument('<hostname>')))
    .addOption(
      new Option('--method <method>', 'txt unless given; none: without certificates')
        .choices([...VALIDATION_METHODS, 'none'])
        .conflicts('certificate'),
    )
    .option('--wildcard', 'with the names below it')
    .action(add);
  said(
    asZoneClient(
      hostnames
        .command('change')
        .description(
          'say anew what certificates a hostname has, where its clients are sent, how TLS is spoken',
        )
        .argument('<hostname>', 'its name or id'),
    ),
  )
    .addOption(
      new Option('--method <method>', 'how control is shown')
        .choices([...VALIDATION_METHODS])
        .conflicts('certificate'),
    )
    .option('--wildcard', 'with the names below it')
    .option('--no-wildcard', 'without them')
    .option('--reset-tls', 'forget the settings of TLS that there are')
    .action(change);
}

const switched = (flags: string, what: string): Option => new Option(flags, what).choices(['on', 'off']);

/** Options that both have. */
const said = (command: Command): Command =>
  command
    .addOption(
      new Option('--ca <name>', 'the service chooses unless given')
        .choices([...CERTIFICATE_AUTHORITIES])
        .conflicts('certificate'),
    )
    .option(
      '--certificate <file>',
      'a certificate of the customer’s with its chain, in PEM; - for standard input',
    )
    .option('--key <file>', 'its private key in PEM, without a password; found where a custom CSR has it')
    .option('--csr <id>', 'the custom CSR that has its key')
    .addOption(
      new Option('--bundle <method>', 'how its chain is made; force: as it is').choices([...BUNDLE_METHODS]),
    )
    .option('--origin <name>', 'where its clients are sent; none: to the fallback origin')
    .option('--origin-sni <name>', 'the name that the origin is asked for; none: as the origin is called')
    .option('--metadata <json>', 'an object of texts, in the place of the one there is; null: none')
    .addOption(new Option('--min-tls <version>', 'lower versions are refused').choices([...TLS_VERSIONS]))
    .addOption(switched('--tls13 <switch>', 'whether TLS 1.3 is spoken'))
    .addOption(switched('--http2 <switch>', 'whether HTTP/2 is agreed on'))
    .addOption(switched('--early-hints <switch>', 'kept and answered'))
    .option('--ciphers <names>', 'suites below TLS 1.3, with commas, the one liked most first');

async function add(hostname: string, options: HostnameOptions): Promise<void> {
  const { method = options.certificate === undefined ? 'txt' : 'none', ...rest } = options;
  const ssl = sslOf(method === 'none' ? rest : { ...rest, method }, {});
  const body = { hostname, ...(ssl && { ssl }), ...termsOf(options) };
  told(await call(options, 'POST', hostnamesOf(options.zone), body), options);
}

async function change(which: string, options: HostnameOptions): Promise<void> {
  const path = `${hostnamesOf(options.zone)}/${part(await idOf(which, options))}`;
  const ssl = sslOf(options, await keptTls(path, options));
  const body = { ...(ssl && { ssl }), ...termsOf(options) };
  if (Object.keys(body).length === 0)
    throw new Fault(
      'configuration',
      'nothing is said to change; --help names what can be, `check` tries it again',
    );
  told(await call(options, 'PATCH', path, body), options);
}

function told({ result, messages }: Answer, options: ZoneOptions): void {
  for (const message of messages) tellLine(message);
  tell(result, ONE, options);
}

/** The settings of TLS that stay: the API takes all of them in the place of those there are. */
async function keptTls(path: string, options: HostnameOptions): Promise<object> {
  if (options.resetTls || Object.keys(tlsOf(options)).length === 0) return {};
  const settings = fieldOf(fieldOf((await call(options, 'GET', path)).result, 'ssl'), 'settings');
  return typeof settings === 'object' && settings !== null ? settings : {};
}

const tlsOf = ({ minTls, tls13, http2, earlyHints, ciphers }: HostnameOptions): object => ({
  ...(minTls !== undefined && { min_tls_version: minTls }),
  ...(tls13 !== undefined && { tls_1_3: tls13 }),
  ...(http2 !== undefined && { http2 }),
  ...(earlyHints !== undefined && { early_hints: earlyHints }),
  ...(ciphers !== undefined && { ciphers: ciphers.split(',').map((one) => one.trim()) }),
});

/** What is said of certificates and TLS; undefined: nothing is. */
function sslOf(options: HostnameOptions, kept: object): object | undefined {
  const tls = tlsOf(options);
  const { method, ca, wildcard } = options;
  const ssl = {
    ...(method !== undefined && { method, type: 'dv' }),
    ...(ca !== undefined && { certificate_authority: ca }),
    ...(wildcard !== undefined && { wildcard }),
    ...broughtOf(options),
    ...((options.resetTls || Object.keys(tls).length > 0) && { settings: { ...kept, ...tls } }),
  };
  return Object.keys(ssl).length > 0 ? ssl : undefined;
}

const broughtOf = ({ certificate, key, csr, bundle }: HostnameOptions): object => ({
  ...(certificate !== undefined && { custom_certificate: textIn(certificate) }),
  ...(key !== undefined && { custom_key: textIn(key) }),
  ...(csr !== undefined && { custom_csr_id: csr }),
  ...(bundle !== undefined && { bundle_method: bundle }),
});

/** What is said beside that; `none` takes away. */
const termsOf = ({ origin, originSni, metadata }: HostnameOptions): object => ({
  ...(origin !== undefined && { custom_origin_server: origin === 'none' ? null : origin }),
  ...(originSni !== undefined && { custom_origin_sni: originSni === 'none' ? null : originSni }),
  ...(metadata !== undefined && { custom_metadata: jsonIn(metadata) }),
});

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('configuration', `--metadata is JSON, as {"plan": "gold"}`, { cause });
  }
}
