import type { CaRow } from '../ca/ca.ts';
import type { Options } from '../kit/config.ts';
import { CERTIFICATE_AUTHORITIES, VALIDITY_DAYS } from '../pack/pack.ts';
import type { Activation } from '../pack/zone-life.ts';
import { DNS_ADDRESSES, type SimulatorReady } from '../simulator/simulator.ts';

/** Name of our own name server in this world; where zones have to show control, they are told apart by several. */
const NAME_SERVERS = { trust: ['ns1'], check: ['ns1', 'ns2', 'ns3', 'ns4', 'ns5'] } as const;
/** Where all of the world is. */
export const HOST = '127.0.0.1';

/** In the world nothing is to be shown, unless the operator wants it. */
const activationIn = ({ zone_activation: wanted }: Pick<Options, 'zone_activation'>): Activation =>
  wanted === 'check' ? 'check' : 'trust';

/** What the world's registry knows of our name servers, and whether it delegates to them only what it is told to. */
export const registryOf = (options: Pick<Options, 'zone_activation'>) => ({
  nameServers: NAME_SERVERS[activationIn(options)].map((label) => ({
    name: `${label}.certpacks.test`,
    address: DNS_ADDRESSES.responder,
  })),
  isRegistryTold: activationIn(options) === 'check',
});

/** The operator's options, with those of the world in their place. */
export const worldOptions = (
  options: Options,
  { dnsPort: port }: Pick<SimulatorReady, 'dnsPort'>,
): Options => ({
  ...options,
  host: HOST,
  zone_activation: activationIn(options),
  delegation_zone: 'dcv.certpacks.test',
  branding_domain: 'brand.certpacks.test',
  name_servers: registryOf(options).nameServers.map(({ name, address }) => `${name}=${address}`),
  dns_listen: [`${DNS_ADDRESSES.responder}:${port}`],
  dns_rate_limit: 0, // all of loopback is one network
  dns_roots: [DNS_ADDRESSES.root],
  dns_port: port,
  allow_addresses: ['127.0.0.0/8'],
  alert_addresses: ['127.0.0.0/8', '::1/128', ...options.alert_addresses],
  public_addresses: [HOST],
  inside_resolver: '',
  reserved_hostnames: true,
  rate_limit: 0,
});

/** The simulated CAs as configured rows: all four lengths of validity, wildcards and IDN everywhere. */
export const rowsOf = ({ cas }: Pick<SimulatorReady, 'cas'>): CaRow[] =>
  CERTIFICATE_AUTHORITIES.map((name) => {
    const { directory, rootPem, eab } = cas[name];
    return {
      name,
      directoryUrl: directory,
      contact: ['mailto:operator@certpacks.test'],
      ...(eab && { eab }),
      hasAgreedToTerms: true,
      validityDays: VALIDITY_DAYS,
      sendsNotAfter: true,
      allowsWildcard: true,
      allowsIdn: true,
      validatesByEmail: true,
      reusesAuthorizations: name !== 'ssl_com',
      isPublic: false,
      tlsRoots: rootPem,
    };
  });
