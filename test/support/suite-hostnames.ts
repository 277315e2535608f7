/** Calls that the suites of Cloudflare's own client make of custom hostnames, by the ids of the documentation. */
import { type Calls, ID, type RefusedCall, zone } from './suite-calls.ts';

/** Id of the documentation's custom hostname, of its pack and of a certificate of it. */
const HOSTNAME = '0d89c70d-ad9f-4843-b99f-6cc0252067e9';

const terms = {
  custom_metadata: { foo: 'string' },
  custom_origin_server: 'origin2.example.com',
  custom_origin_sni: 'sni.example.com',
};
const ssl = {
  bundle_method: 'ubiquitous',
  certificate_authority: 'google',
  cloudflare_branding: false,
  method: 'http',
  settings: {
    ciphers: ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA'] as string[],
    early_hints: 'on',
    http2: 'on',
    min_tls_version: '1.2',
    tls_1_3: 'on',
  },
  type: 'dv',
  wildcard: false,
} as const;

/** Makes what is brought: each time another certificate that the service trusts, for `app.example.com` and the like. */
type NextPair = () => { readonly certificate: string; readonly private_key: string };

/** Calls that bring no certificate. */
const PLAIN: Readonly<Record<string, Calls>> = {
  'customHostnames.list': [
    (c) => c.customHostnames.list(zone),
    (c) =>
      c.customHostnames.list({
        ...zone,
        certificate_authority: 'google',
        custom_origin_server: 'origin2.example.com',
        direction: 'desc',
        hostname: { contain: 'example.com' },
        hostname_status: 'provisioned',
        order: 'ssl',
        page: 1,
        per_page: 5,
        ssl: 0,
        ssl_status: 'active',
        wildcard: false,
      }),
  ],
  'customHostnames.delete': [(c) => c.customHostnames.delete(HOSTNAME, zone)],
  'customHostnames.edit': [
    (c) => c.customHostnames.edit(HOSTNAME, zone),
    (c) => c.customHostnames.edit(HOSTNAME, { ...zone, ...terms, ssl }),
  ],
  'customHostnames.get': [
    (c) => c.customHostnames.get(HOSTNAME, zone),
    (c) => c.customHostnames.get(ID, zone),
  ],
  'customHostnames.fallbackOrigin.update': [
    (c) => c.customHostnames.fallbackOrigin.update({ ...zone, origin: 'fallback.example.com' }),
  ],
  'customHostnames.fallbackOrigin.delete': [(c) => c.customHostnames.fallbackOrigin.delete(zone)],
  'customHostnames.fallbackOrigin.get': [(c) => c.customHostnames.fallbackOrigin.get(zone)],
  'customHostnames.quota.get': [(c) => c.customHostnames.quota.get(zone)],
};

/** Calls of client.customHostnames, with certificates that can be read in the place of the documentation's. */
export const customHostnames = (next: NextPair): Readonly<Record<string, Calls>> => {
  const pair = () => {
    const { certificate: custom_certificate, private_key: custom_key } = next();
    return { custom_certificate, custom_key };
  };
  const ofPack = { ...zone, custom_hostname_id: HOSTNAME, certificate_pack_id: HOSTNAME };
  return {
    'customHostnames.create': [
      (c) => c.customHostnames.create({ ...zone, hostname: 'app.example.com' }),
      (c) => c.customHostnames.create({ ...zone, hostname: 'app.example.com', ...terms, ssl }),
    ],
    'customHostnames.create with certificates': [
      (c) => c.customHostnames.create({ ...zone, hostname: 'app.example.com', ssl: pair() }),
      (c) =>
        c.customHostnames.create({
          ...zone,
          hostname: 'app.example.com',
          ...terms,
          ssl: { ...ssl, custom_cert_bundle: [pair()] },
        }),
    ],
    ...PLAIN,
    'customHostnames.certificatePack.certificates.update': [
      (c) => c.customHostnames.certificatePack.certificates.update(HOSTNAME, { ...ofPack, ...pair() }),
    ],
    'customHostnames.certificatePack.certificates.delete': [
      (c) => c.customHostnames.certificatePack.certificates.delete(HOSTNAME, ofPack),
    ],
  };
};

/** Those that are not answered. */
export const HOSTNAMES_REFUSED: readonly RefusedCall[] = [
  [
    'a custom hostname by one id and by a name: one of them is asked for',
    400,
    1438,
    (c) => c.customHostnames.list({ ...zone, id: HOSTNAME, hostname: { exact: 'app.example.com' } }),
  ],
  [
    'a certificate of a custom hostname that is no certificate',
    400,
    1426,
    (c) =>
      c.customHostnames.create({
        ...zone,
        hostname: 'app.example.com',
        ssl: {
          custom_certificate: '-----BEGIN CERTIFICATE-----\nMIIDdj...\n-----END CERTIFICATE-----\n',
          custom_key:
            '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n',
        },
      }),
  ],
];
