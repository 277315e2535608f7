/**
 * What a pack waits for in each status, and whose move it is: the one source of these words, for `validation_errors` and for
 * whoever asks (`explanation.ts`). One row a status; a status without words does not compile.
 */
import { after } from '../kit/time.ts';
import type { Mover } from './found.ts';
import { earliestEnd, LIFECYCLE, TOMBSTONE } from './lifecycle.ts';
import { takenUpAt } from './managed.ts';
import type { Pack, PackStatus, PackType, PackZone, Run } from './pack.ts';
import { restrictionOf, restrictionWords } from './region.ts';
import { isAnsweredHere, TYPES } from './type.ts';
import type { ValidationMethod } from './validation-method.ts';

/** A sentence in its two halves: how it is, and what to do next or what comes next. */
export interface Words {
  readonly what: string;
  readonly next: string;
}

/** Both halves as a message has them (`subscriber-message.ts`). */
export const inOne = ({ what, next }: Words): string => `${what}; ${next}`;

/** How a pack stands: a wait, whose `what` goes on after "waits until", or how it is. */
export interface Standing extends Words {
  readonly isWait: boolean;
  /** Whose move it is, unless what was found says otherwise; undefined: nobody's. */
  readonly whose: Mover | undefined;
}

const waits = (whose: Mover, { what, next }: Words): Standing => ({ isWait: true, whose, what, next });
const is = (whose: Mover | undefined, { what, next }: Words): Standing => ({
  isWait: false,
  whose,
  what,
  next,
});

/** A pack, and the run of it that is told of. */
export interface Told {
  readonly pack: Pack;
  readonly run: Omit<Run, 'kind'>;
}

/** An instant as sentences have it, in UTC to the minute. */
export const minuteOf = (instant: Date): string =>
  `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Hosts in a sentence. */
export const hostsIn = ([first = '', ...more]: readonly string[]): string =>
  more.length > 0 ? `${first} and ${more.length} more` : first;

/** What is issued in a zone that is not active, or paused, is kept. */
export function heldWords({ name, isPaused, status }: PackZone): Words {
  const what = `the zone ${name} is ${isPaused ? 'paused' : status}`;
  const comes = 'what was issued comes to the edges by itself then';
  if (isPaused) return { what, next: `end the pause of the zone: ${comes}` };
  return { what, next: `show control of the zone, so that it is active: ${comes}` };
}

/** A zone whose name another account has shown control of. */
export const nameLostWords = ({ name }: PackZone): Words => ({
  what: `the zone ${name} has lost its name: another account has shown control of it`,
  next: 'no certificate is got here until this zone shows control of it again',
});

/** Other packs of the zone serve all hosts of one. */
export const outrankedWords = (names: readonly string[]): Words => ({
  what: `${hostsIn(names)}: another certificate pack of yours serves these hosts and was ordered later`,
  next: 'this one waits until that is deleted',
});

/** Nowhere to go. */
export function noEdgeWords(pack: Pick<Pack, 'environment' | 'upload' | 'keptTo'>): Words {
  const { environment, keptTo } = pack;
  const restriction = restrictionOf(pack);
  const what = keptTo ? 'it to be served' : 'its key to be';
  return {
    what: restriction
      ? `no ${environment} edge here is surely where ${restrictionWords(restriction)} allows ${what}`
      : `no ${environment} edge is configured here`,
    next: 'the operator has to add one',
  };
}

/** A step failed in a way that nobody foresaw. Nothing of the error itself: nobody knows what it holds. */
export const UNFORESEEN: Words = {
  what: 'an internal error',
  next: 'it is tried again, and the operator finds more in the log',
};

/** The time of a status ran out; it is told to whoever can have it tried again. */
export const lateWords = (status: PackStatus, { type }: Pick<Pack, 'type'>): Words => ({
  what: `the time for ${status} is over`,
  next: `PATCH this ${isUploaded({ type }) ? 'custom certificate' : 'certificate pack'} to try again`,
});

const isUploaded = ({ type }: Pick<Pack, 'type'>): boolean => TYPES[type].renewedBy === 'owner';

/** A renewal that is so late that it cannot be relied on any more. */
export const unrenewedWords = (pack: Pack): Words =>
  isUploaded(pack)
    ? { what: `the certificate ends at ${endOf(pack)} and is not renewed by itself`, next: UPLOAD_ANOTHER }
    : {
        what: `the renewal has not come about and the certificates end at ${endOf(pack)}`,
        next: 'it is tried until then',
      };

const UPLOAD_ANOTHER = 'PATCH this custom certificate with another one before that, or delete it';

const endOf = (pack: Pack): string => {
  const end = earliestEnd(pack);
  return end ? minuteOf(end) : 'their end';
};

const caOf = ({ run: { certificateAuthority: ca } }: Told): string => ca ?? 'the CA';

/** What shows control, as sentences have it. */
const SHOWN: Readonly<Record<ValidationMethod, Words>> = {
  txt: {
    what: 'its validation records are seen at every name server',
    next: 'create the records below, where they are not there yet',
  },
  http: {
    what: 'each host shows its validation file over plain HTTP',
    next: 'have each host show the file below at its URL',
  },
  email: {
    what: 'a mail of the CA’s is answered for each host',
    next: 'follow the link in one of the mails for each host, and enter the code that stands there',
  },
};

function validating({ pack }: Told): Standing {
  const shown = SHOWN[pack.validationMethod ?? 'txt'];
  const isOurs = isAnsweredHere(pack) && pack.zone.status === 'active';
  if (isOurs && pack.validationMethod !== 'email') return waits('us', { ...shown, next: NOTHING });
  return waits('customer', pack.isDelegated ? { ...shown, next: BY_CNAME } : shown);
}

const NOTHING = 'there is nothing to do: it goes on by itself';
const BY_CNAME = 'create the CNAMEs below, once and for all: they lead the validation to us';

/** A stage that ran out: whoever ordered the pack may have it tried again; what the service made it tries by itself. */
function ranOut({ pack }: Told): Standing {
  const again = takenUpAt(pack);
  const late = lateWords(LIFECYCLE[pack.status].restart ?? pack.status, pack);
  return again
    ? is('us', { ...late, next: `it is tried again at ${minuteOf(again)}` })
    : is('customer', late);
}

function served({ pack }: Told): Standing {
  const what = `it is served: every ${pack.environment} edge showed its certificates`;
  if (isUploaded(pack))
    return is(undefined, { what, next: `PATCH it with a new certificate before ${endOf(pack)}` });
  const at = pack.renewal?.at;
  const when = at ? `it is renewed about ${minuteOf(at)}` : 'its renewal is being planned';
  return is(undefined, { what, next: `there is nothing to do: ${when}` });
}

function expired({ pack }: Told): Standing {
  const what = `its certificates ended at ${endOf(pack)}, and it is on no edge any more`;
  const again = takenUpAt(pack);
  if (again) return is('us', { what, next: `it is ordered anew at ${minuteOf(again)}` });
  if (isUploaded(pack))
    return is('customer', { what, next: 'PATCH this custom certificate with another one, or delete it' });
  return is('customer', { what, next: 'PATCH this certificate pack to get new certificates, or delete it' });
}

/** An upload is taken off alone where its key was lost. */
const KEY_AGAIN =
  'PATCH this custom certificate with a certificate and its key: the stored key cannot be opened any more';

/** What puts a pack back that is off the edges, by its type. */
const ON_AGAIN: Readonly<Partial<Record<PackType, string>>> = {
  legacy_custom: KEY_AGAIN,
  sni_custom: KEY_AGAIN,
  universal: 'switch Universal on to have it served',
  total_tls: 'switch Total TLS on, and have its name proxied, to have it served',
};

function off({ pack }: Told): Standing {
  const what = `it is on no edge, and kept until its certificates end at ${endOf(pack)}`;
  if (pack.pair?.isStandby)
    return is(undefined, { what, next: 'a failover puts it back; it is renewed meanwhile' });
  return is(undefined, { what, next: ON_AGAIN[pack.type] ?? 'delete it, or leave it' });
}

const toEdges = ({ pack }: Told): Standing =>
  waits('us', { what: `every ${pack.environment} edge shows its certificates`, next: NOTHING });

const offEdges = (then: string) => (): Standing =>
  waits('us', { what: 'no edge shows its certificates any more', next: `${NOTHING}, and ${then} then` });

const DELETED = offEdges('is deleted');

export const STANDINGS: Readonly<Record<PackStatus, (told: Told) => Standing>> = {
  initializing: (told) =>
    waits(told.run.attempts === 0 ? 'us' : 'ca', {
      what: `${caOf(told)} takes the order and says what shows control of the hosts`,
      next: NOTHING,
    }),
  pending_validation: validating,
  pending_issuance: (told) => waits('ca', { what: `${caOf(told)} issues the certificates`, next: NOTHING }),
  pending_deployment: toEdges,
  active: served,
  staging_deployment: toEdges,
  staging_active: served,
  holding_deployment: ({ pack: { zone } }) => is('customer', heldWords(zone)),
  backup_issued: ({ pack }) =>
    is(undefined, {
      what: `it stands by for ${pack.pair?.other ?? 'another certificate pack'}, on no edge`,
      next: 'a failover has the two change places; it is renewed meanwhile',
    }),
  deactivating: offEdges('is kept'),
  inactive: off,
  pending_expiration: ({ pack }) => is(isUploaded(pack) ? 'customer' : 'us', unrenewedWords(pack)),
  expired,
  initializing_timed_out: ranOut,
  validation_timed_out: ranOut,
  issuance_timed_out: ranOut,
  deployment_timed_out: ranOut,
  pending_deletion: DELETED,
  deletion_timed_out: DELETED,
  pending_cleanup: DELETED,
  deleted: ({ pack: { statusSince } }) =>
    is(undefined, {
      what: `it was deleted at ${minuteOf(statusSince)}`,
      next: `it can be read until ${minuteOf(after(statusSince, TOMBSTONE))}, and is gone then`,
    }),
};
