/** Calls that the suites of Cloudflare's own client make, by the ids of the documentation. */
import type Cloudflare from 'cloudflare';
import type { APIPromise } from 'cloudflare/core/api-promise';

/** Of the documentation's zone, of one of its records and packs, and by which its account goes too. */
export const ID = '023e105f4ecef8ad9ca31a8372d0c353';
const PACK = '3822ff90-ea29-44df-9e55-21300bb9419b';
const OTHER_PACK = 'a77f8bd7-3b47-46b4-a6f1-75cf98109948';
export const zone = { zone_id: ID } as const;

/** A call of the client. */
type Call = (client: Cloudflare) => APIPromise<unknown>;
/** One that is not answered, why, and how. */
export type RefusedCall = readonly [why: string, status: number, code: number, call: Call];
/** What it needs alone, and, where it takes more, all of it. */
export type Calls = readonly [required: Call] | readonly [required: Call, all: Call];

const order = {
  ...zone,
  certificate_authority: 'lets_encrypt' as const,
  hosts: ['example.com', '*.example.com', 'www.example.com'],
  type: 'advanced' as const,
  validation_method: 'txt' as const,
  validity_days: 14 as const,
};

/** Calls of client.ssl, client.acm and client.dcvDelegation, with a certificate to analyze. */
export const ssl = (certificate: () => string): Readonly<Record<string, Calls>> => ({
  'ssl.analyze.create': [
    (c) => c.ssl.analyze.create(zone),
    (c) => c.ssl.analyze.create({ ...zone, bundle_method: 'ubiquitous', certificate: certificate() }),
  ],
  'ssl.certificatePacks.create': [
    (c) => c.ssl.certificatePacks.create(order),
    (c) => c.ssl.certificatePacks.create({ ...order, cloudflare_branding: false }),
  ],
  'ssl.certificatePacks.list': [
    (c) => c.ssl.certificatePacks.list(zone),
    (c) => c.ssl.certificatePacks.list({ ...zone, deploy: 'staging', page: 1, per_page: 5, status: 'all' }),
  ],
  'ssl.certificatePacks.delete': [(c) => c.ssl.certificatePacks.delete(ID, zone)],
  'ssl.certificatePacks.edit': [
    (c) => c.ssl.certificatePacks.edit(ID, zone),
    (c) => c.ssl.certificatePacks.edit(ID, { ...zone, cloudflare_branding: true }),
  ],
  'ssl.certificatePacks.get': [
    (c) => c.ssl.certificatePacks.get(ID, zone),
    (c) => c.ssl.certificatePacks.get(PACK, zone),
  ],
  'ssl.certificatePacks.quota.get': [(c) => c.ssl.certificatePacks.quota.get(zone)],
  'ssl.recommendations.get': [(c) => c.ssl.recommendations.get(zone)],
  'ssl.universal.settings.get': [(c) => c.ssl.universal.settings.get(zone)],
  'ssl.universal.settings.edit': [
    (c) => c.ssl.universal.settings.edit(zone),
    (c) => c.ssl.universal.settings.edit({ ...zone, enabled: true }),
  ],
  'ssl.verification.get': [
    (c) => c.ssl.verification.get(zone),
    (c) => c.ssl.verification.get({ ...zone, retry: true }),
  ],
  'ssl.verification.edit': [
    (c) => c.ssl.verification.edit(OTHER_PACK, { ...zone, validation_method: 'txt' }),
  ],
  'acm.totalTLS.get': [(c) => c.acm.totalTLS.get(zone)],
  'acm.totalTLS.update': [
    (c) => c.acm.totalTLS.update({ ...zone, enabled: true }),
    (c) => c.acm.totalTLS.update({ ...zone, enabled: true, certificate_authority: 'google' }),
  ],
  'acm.totalTLS.edit': [
    (c) => c.acm.totalTLS.edit({ ...zone, enabled: true }),
    (c) => c.acm.totalTLS.edit({ ...zone, enabled: true, certificate_authority: 'google' }),
  ],
  'dcvDelegation.get': [(c) => c.dcvDelegation.get(zone)],
});

/** Makes what is uploaded: each time another certificate that the service trusts. */
export type NextUpload = () => { readonly certificate: string; readonly private_key: string };

/** Id of one of the documentation's custom certificates. */
export const CUSTOM = '2458ce5a-0c35-4c7f-82c7-8e9487d3ff60';

/** Calls of client.customCertificates, but for certificates that a CA would have to make of requests of ours. */
export const customCertificates = (next: NextUpload): Readonly<Record<string, Calls>> => ({
  'customCertificates.create': [
    (c) => c.customCertificates.create({ ...zone, ...next() }),
    (c) =>
      c.customCertificates.create({
        ...zone,
        ...next(),
        bundle_method: 'ubiquitous',
        deploy: 'staging',
        geo_restrictions: { label: 'us' },
        type: 'sni_custom',
      }),
  ],
  'customCertificates.list': [
    (c) => c.customCertificates.list(zone),
    (c) => c.customCertificates.list({ ...zone, match: 'any', page: 1, per_page: 5, status: 'active' }),
  ],
  'customCertificates.delete': [(c) => c.customCertificates.delete(CUSTOM, zone)],
  'customCertificates.edit': [
    (c) => c.customCertificates.edit(CUSTOM, zone),
    (c) =>
      c.customCertificates.edit(CUSTOM, {
        ...zone,
        ...next(),
        bundle_method: 'ubiquitous',
        deploy: 'staging',
        policy: '(country: US) or (region: EU)',
      }),
  ],
  'customCertificates.get': [
    (c) => c.customCertificates.get(CUSTOM, zone),
    (c) => c.customCertificates.get(ID, zone),
  ],
  'customCertificates.prioritize.update': [
    (c) => c.customCertificates.prioritize.update({ ...zone, certificates: [{}, {}] }),
    (c) =>
      c.customCertificates.prioritize.update({
        ...zone,
        certificates: [
          { id: CUSTOM, priority: 2 },
          { id: ID, priority: 1 },
        ],
      }),
  ],
});

/** Id of the documentation's request, and what it names its account by. */
const CSR = '7b163417-1d2b-4c84-a38a-2fb7a0cd7752';
const named = { account_id: 'account_id' } as const;
const csr = {
  ...named,
  common_name: 'example.com',
  country: 'US',
  locality: 'San Francisco',
  organization: 'Cloudflare, Inc.',
  sans: ['example.com', 'www.example.com'],
  state: 'California',
};

/** Calls of client.customCsrs. */
export const customCsrs: Readonly<Record<string, Calls>> = {
  'customCsrs.create': [
    (c) => c.customCsrs.create(csr),
    (c) =>
      c.customCsrs.create({
        ...csr,
        description: 'CSR for example.com wildcard',
        key_type: 'rsa2048',
        name: 'My Custom CSR',
      }),
  ],
  'customCsrs.list': [
    (c) => c.customCsrs.list(named),
    (c) => c.customCsrs.list({ ...named, direction: 'asc', order: 'name', page: 1, per_page: 5 }),
  ],
  'customCsrs.delete': [(c) => c.customCsrs.delete(CSR, named)],
  'customCsrs.get': [(c) => c.customCsrs.get(CSR, named), (c) => c.customCsrs.list(zone)],
};

/** Calls of client.zones. */
export const zones: Readonly<Record<string, Calls>> = {
  'zones.create': [
    (c) => c.zones.create({ account: {}, name: 'example.com' }),
    (c) => c.zones.create({ account: { id: ID }, name: 'example.com', type: 'full' }),
  ],
  'zones.list': [
    (c) => c.zones.list(),
    (c) =>
      c.zones.list({
        account: { id: ID, name: 'Example Account' },
        direction: 'asc',
        match: 'any',
        name: 'example.com',
        order: 'name',
        page: 1,
        per_page: 5,
        status: 'initializing',
        type: ['full'],
      }),
  ],
  'zones.delete': [(c) => c.zones.delete(zone)],
  'zones.edit': [
    (c) => c.zones.edit(zone),
    (c) =>
      c.zones.edit({
        ...zone,
        paused: true,
        type: 'full',
        vanity_name_servers: ['ns1.example.com', 'ns2.example.com'],
      }),
  ],
  'zones.get': [(c) => c.zones.get(zone)],
  'zones.activationCheck.trigger': [(c) => c.zones.activationCheck.trigger(zone)],
};

const least = { name: 'example.com', ttl: 3600, type: 'A' } as const;
const whole = {
  ...least,
  comment: 'Domain verification record',
  content: '198.51.100.4',
  private_routing: true,
  proxied: true,
  settings: { ipv4_only: true, ipv6_only: true },
  tags: ['owner:dns-team'],
} as const;
/** A record with all that the client can say of it. */
export const record = { ...whole, tags: [...whole.tags] };
const file = 'www.example.com. 300 IN  A 127.0.0.1';

/** Calls of client.dns.records. */
export const records: Readonly<Record<string, Calls>> = {
  'dns.records.create': [
    (c) => c.dns.records.create({ ...zone, ...least }),
    (c) => c.dns.records.create({ ...zone, ...record }),
  ],
  'dns.records.update': [
    (c) => c.dns.records.update(ID, { ...zone, ...least }),
    (c) => c.dns.records.update(ID, { ...zone, ...record }),
  ],
  'dns.records.list': [
    (c) => c.dns.records.list(zone),
    (c) =>
      c.dns.records.list({
        ...zone,
        comment: {
          absent: 'absent',
          contains: 'ello, worl',
          endswith: 'o, world',
          exact: 'Hello, world',
          present: 'present',
          startswith: 'Hello, w',
        },
        content: { contains: '7.0.0.', endswith: '.0.1', exact: '127.0.0.1', startswith: '127.0.' },
        direction: 'asc',
        include_shadow_metadata: true,
        match: 'any',
        name: {
          contains: 'w.example.',
          endswith: '.example.com',
          exact: 'www.example.com',
          startswith: 'www.example',
        },
        order: 'type',
        page: 1,
        per_page: 5,
        proxied: true,
        search: 'www.cloudflare.com',
        tag: {
          absent: 'important',
          contains: 'greeting:ello, worl',
          endswith: 'greeting:o, world',
          exact: 'greeting:Hello, world',
          present: 'important',
          startswith: 'greeting:Hello, w',
        },
        tag_match: 'any',
        type: 'A',
      }),
  ],
  'dns.records.delete': [(c) => c.dns.records.delete(ID, zone)],
  'dns.records.batch': [(c) => c.dns.records.batch(zone)],
  'dns.records.edit': [
    (c) => c.dns.records.edit(ID, { ...zone, ...least }),
    (c) => c.dns.records.edit(ID, { ...zone, ...record }),
  ],
  'dns.records.export': [(c) => c.dns.records.export(zone)],
  'dns.records.get': [(c) => c.dns.records.get(ID, zone)],
  'dns.records.import': [
    (c) => c.dns.records.import({ ...zone, file }),
    (c) => c.dns.records.import({ ...zone, file, proxied: 'true' }),
  ],
};
