/**
 * The types of certificate packs: one row per type, and nothing about it anywhere else. Names are Cloudflare's
 * (ssl/certificate_packs, `type`); the way a pack goes through its statuses is `LIFECYCLE`.
 */
import { ALGORITHMS, type Algorithm, type KeyPlaceName, type Pack, type PackType } from './pack.ts';

/** What a type means. */
export interface TypeRules {
  /** What makes a pack of this type. */
  readonly madeBy: 'order' | 'zone' | 'dns_record' | 'custom_hostname' | 'upload';
  /** Where its certificates come from. */
  readonly source: 'ca' | 'upload';
  /** Where its private keys are; `owner`: not with us, but in a token or behind a key server. */
  readonly key: KeyPlaceName | 'owner';
  /** Algorithms that it is to have a certificate of; `uploaded`: those that it was given. */
  readonly algorithms: readonly Algorithm[] | 'uploaded';
  /** Who sees to new certificates before the present ones end. */
  readonly renewedBy: 'us' | 'owner';
  /** Which type serves where several cover a name: the lower. Source: Cloudflare, certificate and hostname priority. */
  readonly rank: number;
  /** Whether it serves clients without SNI too, at an address that stands for its host. */
  readonly isByAddress: boolean;
  /** Whether it counts in quotas of certificate packs and their hosts. */
  readonly isCounted: boolean;
  /** What the routes of certificate packs take for it. */
  readonly api: {
    readonly order: boolean;
    readonly patch: boolean;
    readonly delete: boolean;
    /** PATCH with `deploy`: what the service orders by itself is for the production edges, and uploads have a PATCH of their own. */
    readonly deploy: boolean;
  };
}

const API = { order: true, patch: true, delete: true, deploy: true } as const;
const OWN = { order: false, patch: true, delete: true, deploy: false } as const;
const ELSEWHERE = { order: false, patch: false, delete: false, deploy: false } as const;

// biome-ignore format: a table is read by column
export const TYPES: Readonly<Record<PackType, TypeRules>> = {
  keyless:          { madeBy: 'upload',          source: 'upload', key: 'owner',  algorithms: 'uploaded', renewedBy: 'owner', rank: 1, isByAddress: false, isCounted: true,  api: ELSEWHERE },
  legacy_custom:    { madeBy: 'upload',          source: 'upload', key: 'sealed', algorithms: 'uploaded', renewedBy: 'owner', rank: 2, isByAddress: true,  isCounted: true,  api: ELSEWHERE },
  sni_custom:       { madeBy: 'upload',          source: 'upload', key: 'sealed', algorithms: 'uploaded', renewedBy: 'owner', rank: 3, isByAddress: false, isCounted: true,  api: ELSEWHERE },
  managed_hostname: { madeBy: 'custom_hostname', source: 'ca',     key: 'sealed', algorithms: ALGORITHMS, renewedBy: 'us',    rank: 4, isByAddress: false, isCounted: true,  api: ELSEWHERE },
  mh_custom:        { madeBy: 'custom_hostname', source: 'upload', key: 'sealed', algorithms: 'uploaded', renewedBy: 'owner', rank: 4, isByAddress: false, isCounted: true,  api: ELSEWHERE },
  advanced:         { madeBy: 'order',           source: 'ca',     key: 'sealed', algorithms: ALGORITHMS, renewedBy: 'us',    rank: 5, isByAddress: false, isCounted: true,  api: API },
  total_tls:        { madeBy: 'dns_record',      source: 'ca',     key: 'sealed', algorithms: ALGORITHMS, renewedBy: 'us',    rank: 6, isByAddress: false, isCounted: false, api: OWN },
  universal:        { madeBy: 'zone',            source: 'ca',     key: 'sealed', algorithms: ALGORITHMS, renewedBy: 'us',    rank: 7, isByAddress: false, isCounted: false, api: OWN },
};

/** The algorithms that a pack is to have a certificate of. */
export function algorithmsOf({
  type,
  certificates,
}: Pick<Pack, 'type' | 'certificates'>): readonly Algorithm[] {
  const { algorithms } = TYPES[type];
  return algorithms === 'uploaded'
    ? ALGORITHMS.filter((one) => certificates.some(({ algorithm }) => algorithm === one))
    : algorithms;
}

/** Whether a pack is for a host that shows control by itself, wherever it is in DNS: its zone's says nothing of it. */
export const isOfHostname = ({ type }: Pick<Pack, 'type'>): boolean =>
  TYPES[type].madeBy === 'custom_hostname';

/** Whether our name servers answer for the hosts of a pack: then validation is nobody's work but ours. */
export const isAnsweredHere = ({ type, zone }: Pick<Pack, 'type' | 'zone'>): boolean =>
  zone.type === 'full' && !isOfHostname({ type });
