/**
 * Configuration: one table of options, read once at start from the environment and one TOML file, where the
 * environment wins. `docs/configuration.md` is generated from this table. The only reader of `process.env`.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { Fault } from './fault.ts';

interface Option {
  /** What the value is; `list` is comma-separated in the environment, an array in the file. */
  readonly type: 'text' | 'integer' | 'boolean' | 'list';
  readonly default: string | number | boolean | readonly string[];
  /** One sentence for the documentation. */
  readonly says: string;
  /** Smallest and largest value of an integer. */
  readonly range?: readonly [number, number];
}

/** Addresses of the DNS root servers over IPv4 (IANA, root hints). */
const ROOT_SERVERS = [
  '198.41.0.4',
  '170.247.170.2',
  '192.33.4.12',
  '199.7.91.13',
  '192.203.230.10',
  '192.5.5.241',
  '192.112.36.4',
  '198.97.190.53',
  '192.36.148.17',
  '192.58.128.30',
  '193.0.14.129',
  '199.7.83.42',
  '202.12.27.33',
];

// biome-ignore format: a table is read by column
export const OPTIONS = {
  config:          { type: 'text', default: '', says: 'Path of the TOML file with these options, the CAs and the edges.' },
  data_dir:        { type: 'text', default: '', says: 'Folder for the embedded database and the key-encryption key. Empty: `.certpacks` in a checkout, `~/.local/share/certpacks` elsewhere, a folder under `/var/lib/certpacks` for root.' },
  database_url:    { type: 'text', default: '', says: 'A PostgreSQL 15 or newer to use, as `postgres://user:password@host/database?sslmode=verify-full&sslrootcert=/etc/certpacks/db-ca.pem`: a database that is there, and whose owner the user is. TLS: docs/security.md. Empty: the embedded one.' },
  database_pool:   { type: 'integer', default: 12, range: [2, 500], says: 'Connections to the database that one process keeps at most.' },
  database_memory_mb: { type: 'integer', default: 0, range: [0, 1_048_576], says: 'Memory, in MiB, in which the embedded database keeps what it read; others of its settings follow. It takes only what it comes to use, and a change waits for its next start. 0: an eighth of the memory of the machine, or of the container, 128 at least and 4096 at most.' },
  list_readers:    { type: 'integer', default: 4, range: [1, 64], says: 'Connections to the database, beside those of `database_pool`, from which one process reads lists.' },
  page_cache_mb:   { type: 'integer', default: 64, range: [0, 65_536], says: 'Memory, in MiB, in which one process keeps pages of lists that are asked for again; the database is asked each time whether a page is still right. 0 turns it off.' },
  audit_days:      { type: 'integer', default: 400, range: [0, 36_500], says: 'How many days the record of what was done, by whom, is kept: the audit log and the history of packs; 0 keeps it for ever.' },
  kek:             { type: 'text', default: '', says: 'Key-encryption key, 32 bytes in base64; several with commas between, the one that seals first. It wins over the file. Empty: the file.' },
  kek_file:        { type: 'text', default: '', says: 'File with the key-encryption key, mode 600; made at first start. Empty: `kek` in the data folder.' },
  host:            { type: 'text', default: '127.0.0.1', says: 'Address on which the API listens.' },
  port:            { type: 'integer', default: 8787, range: [0, 65_535], says: 'Port of the API; 0 takes a free one.' },
  dashboard:       { type: 'boolean', default: true, says: 'Whether the API also serves the dashboard, at `/dashboard/`, and lets browsers sign in to it.' },
  insecure_http:   { type: 'boolean', default: false, says: 'Whether the API may listen without TLS on another address than loopback: tokens then cross the network in clear, unless a proxy that ends TLS stands in front, on a network of its own. Without it `serve` does not start so.' },
  tls_cert_file:   { type: 'text', default: '', says: 'PEM chain, leaf first, with which the API is served over TLS; read again when it changes. Empty: plain HTTP, for loopback or behind a proxy.' },
  tls_key_file:    { type: 'text', default: '', says: 'PEM private key of `tls_cert_file`; refused unless its mode is 600 or less.' },
  tls_host:        { type: 'text', default: '', says: 'Host name of the API: it is served with the certificates of the pack that serves this name on production edges, renewed without a restart. Until there is such a pack `tls_cert_file` is used; without that the process does not start.' },
  trusted_proxies: { type: 'list', default: [], says: 'Networks (CIDR) of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.' },
  body_limit_kb:   { type: 'integer', default: 1_024, range: [1, 65_536], says: 'Largest body of a request, in KiB; a larger one is refused with 413.' },
  header_limit_kb: { type: 'integer', default: 16, range: [4, 1_024], says: 'Largest head of a request, in KiB; a larger one is refused with 431.' },
  rate_limit:      { type: 'integer', default: 12_000, range: [0, 100_000_000], says: 'Requests that an account may make in five minutes at one process, by all its tokens together, so more at several; further ones get 429 with `Retry-After`. Who shows no good token is counted by address. 0 turns the limit off.' },
  request_timeout_s: { type: 'integer', default: 60, range: [1, 3_600], says: 'Longest time, in seconds, that a request may take to arrive.' },
  keep_alive_s:    { type: 'integer', default: 72, range: [1, 3_600], says: 'How long an idle connection is kept open, in seconds; more than a proxy in front keeps it.' },
  stop_timeout_s:  { type: 'integer', default: 30, range: [1, 3_600], says: 'How long a process that is asked to end (SIGTERM, SIGINT) takes for that at most, in seconds: seven tenths of it for requests that are under way. What hangs then is named in the log, and ends with the process.' },
  access_log:      { type: 'boolean', default: true, says: 'Whether each request is logged when it was answered: its id, method, route, status, milliseconds, token and address; never what it carried.' },
  metrics_listen:  { type: 'text', default: '', says: 'Address for Prometheus, as `127.0.0.1:9464`: `/metrics` without a token, so not for the world. Empty: none.' },
  metrics_certificate_zones: { type: 'list', default: [], says: 'Names of zones whose certificates `metrics_listen` tells of one by one, as x509-certificate-exporter names such series (`x509_cert_not_after`); of all these zones together of 500 packs at most, and a metric tells how many were left out. Empty: none.' },
  edge_proofs_per_second: { type: 'integer', default: 50, range: [0, 10_000], says: 'Names that one process asks edges for in a second, all the time and for each algorithm, to see whether they serve what they are to; no pack is looked at on an edge more often than each 20 s. 0: only deployments are proved.' },
  edge_away_minutes: { type: 'integer', default: 10, range: [1, 10_080], says: 'After how many minutes in which nobody reached it an edge is away: no pack waits for it until it answers again and has shown all that it is to serve.' },
  order_wait_s:    { type: 'integer', default: 5, range: [0, 50], says: 'How long an order waits, in seconds, for the CA to name its validation records before it answers.' },
  universal:       { type: 'boolean', default: true, says: 'Whether a new zone has Universal on: a certificate pack for its apex and the names directly below, ordered when the zone becomes active. Its owner can switch it by `ssl/universal/settings`. Zones that are there stay as they are.' },
  universal_partial: { type: 'boolean', default: true, says: 'Whether the same is so for zones of type `partial`, where `universal` is true: their owner has to show control by records in DNS elsewhere, or by delegation.' },
  managed_cas:     { type: 'list', default: ['google', 'lets_encrypt', 'ssl_com'], says: 'CAs that the service orders from by itself, for Universal and Total TLS, the one that is wanted most first; one that is not configured, or does not issue for the names, is passed over.' },
  move_in_orders:  { type: 'integer', default: 60, range: [0, 10_000], says: 'Most orders an hour, by all processes and for all accounts together, for the packs that take the place of imported certificates and for imported names; a pack is two orders, and two more where it has a backup. 0: none is ordered, and what is planned waits.' },
  upload_roots_file: { type: 'text', default: '', says: 'File with certificates in PEM by which the chains of custom certificates are judged beside the roots that come with Node: self-signed ones are trusted as roots, the others complete chains. Empty: none.' },
  key_servers:     { type: 'list', default: [], says: 'Key servers that keyless certificates may name, as `keys.example.net:2407`, or `keys.example.net` for any of its ports: the service and the edges connect to them, so not what customers like. Empty: none.' },
  key_server_cert_file: { type: 'text', default: '', says: 'Client certificate in PEM that key servers are shown.' },
  key_server_key_file: { type: 'text', default: '', says: 'Private key of `key_server_cert_file`; refused unless its mode is 600 or less.' },
  key_server_ca_file: { type: 'text', default: '', says: 'PEM roots by which certificates of key servers are trusted, and nothing beside them.' },
  pkcs11_module:   { type: 'text', default: '', says: 'Path of the PKCS#11 module (a shared library) by which tokens are reached that hold keys of keyless certificates. Empty: none.' },
  pkcs11_slot:     { type: 'text', default: '', says: 'Number of the slot that the token is in. Empty: any; the URI of a keyless certificate names the token.' },
  pkcs11_pin:      { type: 'text', default: '', says: 'PIN of the token\'s user; better kept in `pkcs11_pin_file`.' },
  pkcs11_pin_file: { type: 'text', default: '', says: 'File with that PIN; refused unless its mode is 600 or less.' },
  pkcs11_sessions: { type: 'integer', default: 4, range: [1, 64], says: 'Signatures that one process has a token make at the same time.' },
  pkcs11_packs:    { type: 'list', default: [], says: 'Ids of accounts and of zones whose certificate packs, as far as their certificates come from a CA, have their private keys made in a PKCS#11 token, from their next certificates on. `all`: those of everybody. Empty: nobody\'s.' },
  pkcs11_packs_token: { type: 'text', default: '', says: 'Label of the token in which these keys are made. Empty: the one in the slot, or the only one.' },
  keyless_program: { type: 'text', default: '', says: 'Path of the program that speaks TLS for keyless certificates, as `certpacks keyless build` makes it. Empty: `keyless/terminator` in the data folder.' },
  strict_apex:     { type: 'boolean', default: false, says: 'Whether the hosts of an order must contain the zone\'s apex, as Cloudflare documents it and does not enforce.' },
  workers:         { type: 'integer', default: 16, range: [1, 1_000], says: 'How many packs one process works on at the same time.' },
  rsa_keys:        { type: 'integer', default: 8, range: [0, 1_000], says: 'How many RSA keys are kept ready; making one takes about a tenth of a second of processor time.' },
  delegation_zone: { type: 'text', default: '', says: 'Zone under which delegated validation is answered, e.g. `dcv.example.net`; its parent zone must delegate it to `name_servers`. Empty: no delegation.' },
  branding_domain: { type: 'text', default: '', says: 'Domain, e.g. `brand.example.net`, below which certificates ordered with `cloudflare_branding` have a name beside their hosts, as their common name. Our responder answers for it as for the delegation zone: its parent zone must delegate it to `name_servers`, unless it lies in a zone that is delegated to them. At most 43 characters. Empty: such orders are refused.' },
  name_servers:    { type: 'list', default: [], says: 'Names and addresses of this installation\'s name servers, as `ns1.example.net=192.0.2.1`; zones of type `full` are to be delegated to them.' },
  zone_name_servers: { type: 'integer', default: 2, range: [1, 13], says: 'To how many of the `name_servers` a zone of type `full` is to be delegated. Where there are more, each zone of a name has other ones; where there are not, a zone has to show its TXT record too before it is active.' },
  zone_activation: { type: 'text', default: '', says: '`check`: a zone is active once control of it was seen, by its delegation or by its TXT record. `trust`: it is active at once, for whoever runs this for himself alone. Empty: `check`; `trust` in `dev` and `start`.' },
  public_addresses: { type: 'list', default: [], says: 'Addresses of the edges as the world reaches them, IPv4 or IPv6: what names of `proxied` DNS records are answered with. Empty: no record can be proxied.' },
  public_names:    { type: 'list', default: [], says: 'Names that customers are to lead theirs to by CNAME, e.g. `edge.example.net`: whatever addresses these have now count as those of the edges where it is told to whom a host leads.' },
  inside_resolver: { type: 'text', default: 'system', says: 'Which recursive resolver is asked beside the authoritative servers for names of active zones, so that it is seen where a network answers otherwise within than to the world: `system` is this machine\'s own, else `ADDRESS:PORT`. Empty: none.' },
  dns_listen:      { type: 'list', default: [], says: 'Addresses on which the DNS responder listens, as `192.0.2.1:53`. Empty: no responder.' },
  dns_rate_limit:  { type: 'integer', default: 200, range: [0, 1_000_000], says: 'UDP answers a second that the responder gives one network (/24, or /56) before it answers `truncated`; 0 turns the limit off.' },
  dns_roots:       { type: 'list', default: ROOT_SERVERS, says: 'Where look-ups of validation records begin.' },
  dns_port:        { type: 'integer', default: 53, range: [1, 65_535], says: 'Port at which name servers are asked; another than 53 is for tests.' },
  dns_ipv6:        { type: 'boolean', default: false, says: 'Whether name servers, and hosts that are validated over HTTP, are also asked at their IPv6 addresses.' },
  http_port:       { type: 'integer', default: 80, range: [1, 65_535], says: 'Port at which hosts are asked over plain HTTP for the files that show control of them; another than 80 is for tests.' },
  https_port:      { type: 'integer', default: 443, range: [1, 65_535], says: 'Port at which they are asked where a redirect leads to https; another than 443 is for tests.' },
  allow_addresses: { type: 'list', default: [], says: 'Networks (CIDR) that look-ups of customers\' names may reach although they are not public, e.g. `10.0.0.0/8`.' },
  region_key_files: { type: 'list', default: [], says: 'Files with the private keys of the regions that this process is in, one each, mode 600, as `certpacks key region` makes them: it hands out what is restricted to them. docs/custom-certificates.md. Empty: none.' },
  edge_socket:     { type: 'text', default: '', says: 'Unix socket at which bundled edges pull certificates and keys. Empty: `edge/pull.sock` in the data folder.' },
  agent_listen:    { type: 'text', default: '', says: 'Address at which agents of edges are listened for, as `0.0.0.0:8443`: HTTP/2 over TLS 1.3 with certificates of a CA of this installation. Empty: none.' },
  agent_url:       { type: 'text', default: '', says: 'How agents reach that, as `edges.example.com:8443`: it stands in the tokens by which edges are enrolled, also in those that a process without `agent_listen` makes. Empty: the address of `agent_listen`, where that is one that can be reached.' },
  operator_accounts: { type: 'list', default: [], says: 'Ids of the accounts that are yours: they alone may have zones that are, hold or lie in the delegation zone, the branding domain, a name server, `tls_host`, an edge or a zone of `[[dns_updates]]`. Empty: the account that was made first.' },
  suffix_accounts: { type: 'list', default: [], says: 'Ids of the accounts that may have zones and hosts which are public suffixes by the private part of that list, as the domains of platforms are that stand in it.' },
  name_rest_days:  { type: 'integer', default: 30, range: [0, 3_650], says: 'For how many days after a zone was deleted no other account can have a zone of its name, or one above or below it.' },
  control_days:    { type: 'integer', default: 0, range: [0, 398], says: 'For how many days control that a zone has shown counts for its other packs and for renewals without another look of ours, where the CA still goes by it. 0: each pack and each renewal is looked at.' },
  account_zones:   { type: 'integer', default: 0, range: [0, 1_000_000_000], says: 'Zones that an account may have, those counted that still rest after it deleted them; 0: any number.' },
  account_packs:   { type: 'integer', default: 0, range: [0, 1_000_000_000], says: 'Certificate packs that an account may have; 0: any number.' },
  zone_packs:      { type: 'integer', default: 0, range: [0, 1_000_000_000], says: 'Certificate packs that a zone may have; 0: any number.' },
  account_hosts:   { type: 'integer', default: 0, range: [0, 1_000_000_000], says: 'Different hosts that the packs of an account may have together; 0: any number.' },
  zone_hostnames:  { type: 'integer', default: 0, range: [-1, 1_000_000_000], says: 'Custom hostnames that a zone is allotted: with more of them an answer says so, and nothing is refused. 0: any number; -1: a zone can have none.' },
  zone_hostnames_cap: { type: 'integer', default: 0, range: [0, 1_000_000_000], says: 'Custom hostnames that a zone may have; 0: any number.' },
  hostname_features: { type: 'list', default: ['custom_metadata', 'custom_origin_server', 'wildcard_metadata'], says: 'What custom hostnames may have of their own, of these three: others are refused.' },
  reserved_hostnames: { type: 'boolean', default: false, says: 'Whether custom hostnames and their origins may be of domains that are kept for tests and examples (`.test`, `example.com`). They may in `dev` and `start`.' },
  connect_provider_id: { type: 'text', default: '', says: 'A domain of yours by which DNS providers know your Domain Connect templates (their `providerId` and `syncPubKeyDomain`), e.g. `saas.example.net`: docs/domain-connect.md. Empty: no links are made.' },
  connect_provider_name: { type: 'text', default: 'certpacks', says: 'What your customers are told at their DNS provider that you are called.' },
  connect_key_file: { type: 'text', default: '', says: 'PEM with the RSA private key, 2048 bits or more, that signs Domain Connect links; refused unless its mode is 600 or less. Demanded where `connect_provider_id` is set.' },
  connect_key_name: { type: 'text', default: '_dck1', says: 'Label below `connect_provider_id` of the TXT records with its public key, as `certpacks domain-connect key` prints them; another one with another key.' },
  zone_records:    { type: 'integer', default: 3_500, range: [0, 1_000_000], says: 'DNS records that a zone may have, validation records of ours not counted; 0: any number.' },
  account_tokens:  { type: 'integer', default: 0, range: [0, 1_000_000_000], says: 'API tokens that an account may have; 0: any number.' },
  backup_cas:      { type: 'list', default: [], says: 'CAs of backup packs, the preferred first: the first that is not the CA of the pack itself and issues for its hosts is taken. Empty: all that are configured, `google` before `lets_encrypt` before `ssl_com`.' },
  backup_accounts: { type: 'list', default: [], says: 'Ids of the accounts whose orders are for packs with a backup unless they say `"backup": false`. Those of all others have one where they say `"backup": true`.' },
  universal_backups: { type: 'boolean', default: true, says: 'Whether packs of type `universal` have a backup, where a second CA is configured.' },
  public_url:      { type: 'text', default: '', says: 'Where people reach the dashboard, as `https://certs.example.net`: messages lead there. Empty: they have no links.' },
  alert_addresses: { type: 'list', default: [], says: 'Where alerts may be sent although it is not public: networks (CIDR), and names of hosts, e.g. `10.1.0.0/16` or `alertmanager.example.net`.' },
  alert_dns:       { type: 'list', default: [], says: 'DNS servers that are asked for the hosts of webhooks, as `192.0.2.1` or `192.0.2.1:53`. Empty: those of this machine.' },
  alert_ca_file:   { type: 'text', default: '', says: 'PEM roots by which certificates of webhooks and of the mail server are trusted, beside those of this machine.' },
  alert_digest:    { type: 'integer', default: 20, range: [0, 100_000], says: 'How many messages a channel that people read (mail and chats) is sent in a minute; more are put together in one. 0: never.' },
  alert_mails:     { type: 'integer', default: 60, range: [1, 100_000], says: 'Mails that an address is sent in an hour by one process; more wait.' },
  pagerduty_url:   { type: 'text', default: 'https://events.pagerduty.com/v2/enqueue', says: 'Where PagerDuty takes events; `https://events.eu.pagerduty.com/v2/enqueue` for accounts in the EU.' },
  smtp_url:        { type: 'text', default: '', says: 'Mail server for alerts: `smtps://user@mail.example.net:465`, or `smtp://user@mail.example.net:587`, where TLS is begun after the greeting. Empty: no mail is sent.' },
  smtp_password:   { type: 'text', default: '', says: 'Password of the user of `smtp_url`; better kept in `smtp_password_file`.' },
  smtp_password_file: { type: 'text', default: '', says: 'File with that password; refused unless its mode is 600 or less.' },
  smtp_insecure:   { type: 'boolean', default: false, says: 'Whether mail also goes to a server that offers no TLS, in clear, with the password.' },
  mail_from:       { type: 'text', default: '', says: 'Address that alerts come from by mail; demanded where `smtp_url` is set.' },
  log_level:       { type: 'text', default: 'info', says: 'Least severe level that is logged: `trace`, `debug`, `info`, `warn`, `error`, `silent`.' },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;
type Value<T extends Option['type']> = {
  text: string;
  integer: number;
  boolean: boolean;
  list: readonly string[];
}[T];

/** One table per edge in the file: `[[edges]]`. */
export const EDGE_OPTIONS = {
  name: 'Name for messages, unique.',
  environment: '`production` or `staging`.',
  host: 'IP address, or name, at which handshakes prove what the edge serves.',
  port: 'Port at which handshakes prove what the edge serves; it has no default.',
  region:
    'Where it is: `AFR`, `APAC`, `EEUR`, `ENAM`, `EU`, `ME`, `OC`, `SAM`, `WEUR` or `WNAM`, or a list of those in which it lies all at once, as `["EU", "WEUR"]`. What is not said is not known, and no restricted key goes where that matters.',
  country: 'The country in which it is, by two letters (ISO 3166).',
  highest_security: 'Whether it is a place of the highest security; false unless told.',
} as const;

/** One table per region in the file whose processes hold a private key of their own: `[[regions]]`. */
export const REGION_OPTIONS = {
  name: 'Name for messages, unique.',
  public_key: 'Its public key, 32 bytes in base64, as `certpacks key region` prints it.',
  region: 'As of an edge: what holds of every process that has its private key.',
  country: 'The same.',
  highest_security: 'The same.',
} as const;

/** One table per name server in the file: `[[dns_updates]]`. */
export const DNS_UPDATE_OPTIONS = {
  server: 'IP address of the primary name server.',
  port: 'Its port; 53 unless told.',
  key_name:
    'Name of the TSIG key that may update TXT records (RFC 8945); not needed where the secret is what a tool printed of the key.',
  algorithm:
    '`hmac-sha1`, `hmac-sha224`, `hmac-sha256`, `hmac-sha384` or `hmac-sha512`; `hmac-sha256` unless told here or by what a tool printed.',
  secret:
    'Secret of the key in base64, broken into lines or not, or all that `tsig-keygen`, `ddns-confgen` or `keymgr -t` printed; better kept in `secret_file`.',
  secret_file: 'File with the secret, instead of `secret`.',
  zones:
    'Names of zones at the API, of type `partial`, in whose DNS validation records are published there and taken away again.',
  account:
    'Id of the account whose zones these are; unless told, an account of yours (`operator_accounts`). For a zone of any other the key is not used.',
} as const;

export type Options = { readonly [K in OptionName]: Value<(typeof OPTIONS)[K]['type']> };

/** All that was configured. `ca`, `edges`, `regions` and `dnsUpdates` are the file's tables as they stand; their rooms check them. */
export interface Config {
  readonly options: Options;
  readonly ca: Readonly<Record<string, unknown>>;
  readonly edges: readonly unknown[];
  readonly regions: readonly unknown[];
  readonly dnsUpdates: readonly unknown[];
}

export type Environ = Readonly<Record<string, string | undefined>>;

/** This process's environment. */
export const environ = (): Environ => process.env;

/** Environment variable of an option. */
export const variableOf = (name: string): string => `CERTPACKS_${name.toUpperCase()}`;

/** Reads the configuration. Throws `configuration` that names the option at fault; unknown ones are refused. */
export function loadConfig(env: Environ): Config {
  const path = env[variableOf('config')] ?? '';
  const { ca = {}, edges, regions, dns_updates: dnsUpdates, ...file } = path === '' ? {} : readToml(path);
  const unknown = Object.keys(file).find((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown !== undefined) throw new Fault('configuration', `${path}: unknown option '${unknown}'`);
  if (!isTable(ca)) throw notTable(path, 'ca');
  return {
    options: toOptions(env, file),
    ca,
    edges: toTables(path, 'edges', edges),
    regions: toTables(path, 'regions', regions),
    dnsUpdates: toTables(path, 'dns_updates', dnsUpdates),
  };
}

function toTables(path: string, name: string, given: unknown = []): readonly unknown[] {
  if (Array.isArray(given)) return given;
  throw notTable(path, name);
}

function toOptions(env: Environ, file: Readonly<Record<string, unknown>>): Options {
  const entries = Object.entries(OPTIONS).map(([name, option]: [string, Option]) => {
    const given = env[variableOf(name)] ?? file[name];
    return [name, given === undefined ? option.default : toValue(name, option, given)];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every value was checked against its row
  return Object.fromEntries(entries) as Options;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const notTable = (path: string, name: string) =>
  new Fault(
    'configuration',
    `${path}: '${name}' must be ${name === 'ca' ? 'tables [ca.NAME]' : `tables [[${name}]]`}`,
  );

function readToml(path: string): Record<string, unknown> {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : '';
    throw new Fault('configuration', `cannot read the configuration file ${path}: ${why}`, { cause });
  }
}

function toValue(name: string, option: Option, given: unknown): unknown {
  const value = CONVERT[option.type](given);
  const [least, most] = option.range ?? [-Infinity, Infinity];
  const isInRange = typeof value !== 'number' || (value >= least && value <= most);
  if (value !== undefined && isInRange) return value;
  const what = option.range ? `an integer from ${least} to ${most}` : NOUN[option.type];
  throw new Fault('configuration', `option '${name}' (${variableOf(name)}) must be ${what}`);
}

const NOUN = {
  text: 'text',
  integer: 'an integer',
  boolean: 'true or false',
  list: 'a list of texts',
} as const;

const CONVERT: Readonly<Record<Option['type'], (given: unknown) => unknown>> = {
  text: (given) => (typeof given === 'string' ? given : undefined),
  integer: (given) => (/^\d+$/.test(String(given)) ? Number(given) : undefined),
  boolean: (given) => ({ true: true, false: false })[String(given)],
  list: (given) => {
    if (typeof given === 'string')
      return given
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean);
    return Array.isArray(given) && given.every((part) => typeof part === 'string') ? given : undefined;
  },
};
