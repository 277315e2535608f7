/**
 * What was found when a pack was worked on last and had to be put down: what holds it up, whose move that makes it, and
 * who answered what. It goes with the write that says so in `validation_errors`, and is over with the next one.
 */

/** Whose move it is: who has to do something before a pack gets further. */
export const MOVERS = ['customer', 'operator', 'ca', 'us'] as const;
export type Mover = (typeof MOVERS)[number];

/** What can hold a pack up, and whose move it is then, unless more is known. Those from `ca_limited` on are Faults of jobs. */
// biome-ignore format: a table is read by column
export const CAUSES = {
  records_unseen:         'customer',  // what shows control is not at every server
  own_records_unseen:     'us',        // the same where our name servers answer
  mail_unanswered:        'customer',
  validation_refused:     'customer',  // the CA looked, and did not find it
  ca_busy:                'ca',
  ca_odd:                 'ca',        // its answers contradict each other
  another_ordered_later:  'us',        // what it delivered is of no use, and no other is ordered yet
  no_edge:                'operator',
  edge_behind:            'operator',
  outranked:              'customer',  // another pack of theirs serves the hosts
  zone_closed:            'customer',  // it is not active, or paused
  ca_limited:             'ca',
  ca_unreachable:         'ca',
  ca_refused:             'ca',
  ca_wrong_answer:        'ca',
  caa_forbids:            'customer',
  ca_not_configured:      'operator',
  invalid_host:           'customer',
  method_not_offered:     'operator',
  validity_not_offered:   'operator',
  zone_not_active:        'customer',
  dns_unreachable:        'operator',
  dns_update_refused:     'operator',
  edge_unreachable:       'operator',
  edge_wrong_certificate: 'operator',
  key_sealed_elsewhere:   'operator',
  signer_unreachable:     'operator',  // the token in which the pack has its keys
  signer_refused:         'operator',
  keyless_not_offered:    'operator',
  configuration:          'operator',
  internal:               'operator',
} as const satisfies Record<string, Mover>;
export type Cause = keyof typeof CAUSES;

/** The situations, what is wrong with DNS itself first: of several that a name is in, the first is to be mended first. */
// biome-ignore format: a table is read by column
export const SITUATIONS = {
  lame_server:                'customer',  // a name server does not answer for the zone
  bogus_dnssec:               'customer',  // validating resolvers get nothing
  split_horizon:              'customer',  // others see other answers
  caa_at_parent:              'customer',  // records above the name keep the CA from issuing
  wildcard_cname:             'customer',  // a wildcard answers for it, and leads it elsewhere
  stray_aaaa:                 'customer',  // IPv6 leads elsewhere
  cloudflare_over_cloudflare: 'customer',  // its proxy does not go on to another account's
  orange_cloud:               'customer',  // proxied by Cloudflare
  foreign_cdn:                'customer',  // another CDN is in front
  redirects:                  'customer',  // the host sends whoever asks it elsewhere
  apex_address:               'customer',  // an apex with addresses of its own
  flattened_cname:            undefined,   // addresses in place of a CNAME: as good
} as const satisfies Record<string, Mover | undefined>;
export type Situation = keyof typeof SITUATIONS;

/** All of them, in that order. */
export const SITUATION_NAMES = Object.keys(SITUATIONS).filter((name): name is Situation =>
  Object.hasOwn(SITUATIONS, name),
);

/** The cause that a Fault of this name is. */
export const causeOf = (fault: string): Cause => (isCause(fault) ? fault : 'internal');

const isCause = (name: string): name is Cause => Object.hasOwn(CAUSES, name);

export const WITNESSES = ['name_server', 'web_server', 'ca', 'edge'] as const;
/** Who can be asked. */
export type Witness = (typeof WITNESSES)[number];

/** What one of those who were asked answered. */
export interface Evidence {
  readonly by: Witness;
  /** Which: `ns1.example.net (192.0.2.1)`, an address, a CA or an edge by its name in the configuration. */
  readonly who: string;
  /** What was asked about: a DNS name, a URL, a host. */
  readonly about: string;
  /** What was answered, in words. */
  readonly said: string;
  readonly at: Date;
}

/** The same as it is found: now, unless it was before. */
export type NewEvidence = Omit<Evidence, 'at'> & Partial<Pick<Evidence, 'at'>>;

/** As a stage finds it: when, is the time of the write. */
export interface Finding {
  readonly cause: Cause;
  /** Where it is not the cause's. */
  readonly whose?: Mover | undefined;
  /** In which a host is that it is about, where that is known. */
  readonly situation?: Situation | undefined;
  readonly evidence?: readonly NewEvidence[];
  /** What was wrong before, where that is to be known at the end of the pack. */
  readonly why?: readonly string[];
}

/** The same as it is kept. */
export interface Found extends Omit<Finding, 'evidence'> {
  readonly on: Date;
  readonly evidence: readonly Evidence[];
}

/** Most answers that are kept of one look; characters of each part. */
const [MOST_EVIDENCE, LONGEST_PART] = [40, 300];

/** A finding as it is kept: within bounds, however many servers there are, and however long their answers. */
export function foundOn({ evidence = [], ...finding }: Finding, on: Date): Found {
  const told = evidence.map(({ by, who, about, said, at = on }) => ({
    by,
    who: cut(who),
    about: cut(about),
    said: cut(said),
    at,
  }));
  // Two records of one name are looked for by two looks, and the answers are mostly the same.
  const distinct = [...new Map(told.map((one) => [JSON.stringify(one), one])).values()];
  return { ...finding, on, evidence: distinct.slice(0, MOST_EVIDENCE) };
}

const cut = (text: string): string => (text.length > LONGEST_PART ? `${text.slice(0, LONGEST_PART)}…` : text);

/** Whose move a finding makes it. */
export const whoseMove = ({ cause, whose }: Pick<Found, 'cause' | 'whose'>): Mover => whose ?? CAUSES[cause];
