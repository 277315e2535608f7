import ipaddr from 'ipaddr.js';
import { isWithin } from '../dns/message/names.ts';

/** How a CDN is known: by names that CNAMEs lead to, and by its addresses, as a CNAME at an apex is flattened to these. */
interface Cdn {
  readonly names: readonly string[];
  /** CIDR, as it publishes them. */
  readonly networks: readonly string[];
}

/**
 * As of 2026-11: cloudflare.com/ips and api.fastly.com/public-ip-list as they were published then; the names are in the documents
 * of each. CloudFront's networks are too many and change too often for a table: it is known by its names.
 */
const CDNS: Readonly<Record<string, Cdn>> = {
  Cloudflare: {
    names: ['cdn.cloudflare.net'],
    networks: (
      '173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18 ' +
      '190.93.240.0/20 188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 ' +
      '104.24.0.0/14 172.64.0.0/13 131.0.72.0/22 2400:cb00::/32 2606:4700::/32 2803:f800::/32 ' +
      '2405:b500::/32 2405:8100::/32 2a06:98c0::/29 2c0f:f248::/32'
    ).split(' '),
  },
  Fastly: {
    names: ['fastly.net', 'fastlylb.net'],
    networks: (
      '23.235.32.0/20 43.249.72.0/22 103.244.50.0/24 103.245.222.0/23 103.245.224.0/24 104.156.80.0/20 ' +
      '140.248.64.0/18 140.248.128.0/17 146.75.0.0/17 151.101.0.0/16 157.52.64.0/18 167.82.0.0/17 ' +
      '167.82.128.0/20 167.82.160.0/20 167.82.224.0/20 172.111.64.0/18 185.31.16.0/22 199.27.72.0/21 ' +
      '199.232.0.0/16 2a04:4e40::/32 2a04:4e42::/32'
    ).split(' '),
  },
  'Amazon CloudFront': { names: ['cloudfront.net'], networks: [] },
  Akamai: {
    names: ['akamaiedge.net', 'akamai.net', 'edgekey.net', 'edgesuite.net', 'akamaized.net'],
    networks: [],
  },
  'Azure Front Door': { names: ['azureedge.net', 'azurefd.net', 't-msedge.net'], networks: [] },
  'Bunny CDN': { names: ['b-cdn.net'], networks: [] },
  Imperva: { names: ['incapdns.net', 'impervadns.net'], networks: [] },
  Vercel: { names: ['vercel-dns.com'], networks: ['76.76.21.0/24'] },
  Netlify: { names: ['netlify.app', 'netlifyglobalcdn.com'], networks: [] },
};

/** The CDN that some of these names or addresses belong to, as far as it is known. */
export function cdnOf(names: readonly string[], addresses: readonly string[]): string | undefined {
  const known = Object.entries(CDNS).find(
    ([, cdn]) =>
      names.some((name) => cdn.names.some((suffix) => isWithin(name, suffix))) ||
      addresses.some((address) => cdn.networks.some((network) => isIn(address, network))),
  );
  return known?.[0];
}

function isIn(address: string, network: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const [base, bits] = ipaddr.parseCIDR(network);
  return base.kind() === parsed.kind() && parsed.match(base, bits);
}
