/**
 * Where a public name leads, and what is missing for it to be served here. Pure: what was seen, and what is made of it. A
 * handshake alone proves nothing: another's certificate may match the name, so addresses decide.
 */

/** Whom a name leads to: our edges; these and others; a CDN; somebody else; nobody. Unknown: DNS does not tell. */
export const LEADS_TO = ['us', 'partly_us', 'cdn', 'elsewhere', 'nowhere', 'unknown'] as const;
export type LeadsTo = (typeof LEADS_TO)[number];

/** What one address of a name showed. */
export interface SeenAddress {
  readonly address: string;
  /** Undefined: none. */
  readonly certificate?:
    | {
        readonly fingerprint: string;
        readonly issuer: string;
        readonly expiresOn: Date;
        readonly hosts: readonly string[];
      }
    | undefined;
  /** Why there is none. */
  readonly problem?: string | undefined;
  /** Whether it is none that the whole world reaches. */
  readonly isBarred?: true;
}

/** What one authoritative server of a name's zone answered. */
export interface ServerSight {
  /** Name and address. */
  readonly server: string;
  /** Addresses, or the target of a CNAME; none where it has none. */
  readonly answers: readonly string[];
  /** Why it did not answer, as the rest of a sentence. */
  readonly failure?: string | undefined;
}

/** What tells in which situation a name is, as far as it was seen (`situation.ts`). */
export interface Signs {
  readonly servers: readonly ServerSight[];
  /** The wildcard that answers for it. */
  readonly wildcard?: string | undefined;
  /** Why DNSSEC of its zone is bogus. */
  readonly bogus?: string | undefined;
  /** Where its web server sends who asks for a validation file, in words. */
  readonly redirect?: string | undefined;
  /** How a CDN refused to answer. */
  readonly refusal?: string | undefined;
  /** What differs where this machine's own resolver is asked, in words. */
  readonly inside?: string | undefined;
  /** The names that customers are to lead theirs to, with their addresses now, and the CDN that these belong to. */
  readonly wanted: {
    readonly names: readonly string[];
    readonly addresses: readonly string[];
    readonly cdn?: string | undefined;
  };
}

/** What a look at a name saw. */
export interface HostLook {
  /** The name and those that its CNAMEs lead to, by the authoritative servers. */
  readonly names: readonly string[];
  readonly addresses: readonly SeenAddress[];
  /** CDN that the names or addresses belong to. */
  readonly cdn: string | undefined;
  /** Why DNS does not tell. */
  readonly problem: string | undefined;
  /** Undefined: nobody looked for them. */
  readonly signs?: Signs;
}

/** What is looked at, in A-labels. */
export interface HostAsked {
  readonly name: string;
  /** Whether this machine's own resolver is asked too: of names of which the one who asks has shown control. */
  readonly isInsideAsked: boolean;
}

/** Looks at a name. Never throws for what DNS or servers answer: that is its result. */
export type LookAtHost = (asked: HostAsked, signal: AbortSignal) => Promise<HostLook>;

/** How a name stands here. */
export interface HostHere {
  readonly host: string;
  /** Addresses of our edges, as the world reaches them. */
  readonly ours: readonly string[];
  /** The zone of the account that the name lies in. */
  readonly zone: { readonly name: string; readonly isOpen: boolean } | undefined;
  /** Whether it is the apex of a zone. */
  readonly isApex?: boolean;
  /** CAA records of a name above it that keep its pack from being issued, in words. */
  readonly caa?: string | undefined;
  /** The pack that serves it here. */
  readonly pack: { readonly id: string; readonly isProven: boolean; readonly status: string } | undefined;
}

/** Whom a name leads to, by what a look saw. */
export function leadsTo({ addresses, cdn, problem }: HostLook, ours: readonly string[]): LeadsTo {
  if (problem !== undefined) return 'unknown';
  if (addresses.length === 0) return 'nowhere';
  const own = addresses.filter(({ address }) => ours.includes(address)).length;
  if (own === addresses.length) return 'us';
  if (own > 0) return 'partly_us';
  return cdn === undefined ? 'elsewhere' : 'cdn';
}

/** What is missing for the name to be served here, in sentences that say what to do, in the order in which it is done. */
export function missingFor(look: HostLook, here: HostHere): string[] {
  return [...missingHere(here), ...missingInDns(look, here)];
}

function missingHere({ host, zone, pack }: HostHere): string[] {
  if (!zone) return [`no zone of the account has ${host}: make one (\`certpacks zone create\`)`];
  const zoneWaits = zone.isOpen
    ? []
    : [`the zone ${zone.name} is not active, or paused: \`certpacks zone check\``];
  if (!pack)
    return [
      ...zoneWaits,
      `no pack here serves ${host}: import its certificate (\`certpacks import\`), or order one, before the name is moved`,
    ];
  if (pack.isProven) return zoneWaits;
  return [
    ...zoneWaits,
    `certificate pack ${pack.id} is in ${pack.status}, and not shown by every edge yet: \`certpacks packs explain\` says why`,
  ];
}

function missingInDns(look: HostLook, { host, ours }: HostHere): string[] {
  const kind = leadsTo(look, ours);
  if (ours.length === 0)
    return [
      'the operator has not said where the edges are (option public_addresses), so nobody can tell whether it leads here',
    ];
  const target = `lead ${host} to ${ours.join(', ')}`;
  const others = look.addresses.flatMap(({ address }) => (ours.includes(address) ? [] : [address]));
  const WORDS: Readonly<Record<LeadsTo, readonly string[]>> = {
    us: [],
    partly_us: [`${host} leads to ${others.join(', ')} too: take these addresses away (A and AAAA records)`],
    cdn: [
      `${host} leads to ${look.cdn ?? 'a CDN'}: switch its proxy off and ${target}, or have it go to us as its origin`,
    ],
    elsewhere: [`${host} leads to ${others.join(', ')}: ${target}`],
    nowhere: [`${host} has no address: ${target}`],
    unknown: [`DNS does not tell where ${host} leads: ${look.problem ?? 'no answer'}`],
  };
  return [...WORDS[kind]];
}
