/**
 * What a certificate pack waits for, and all that is known of it: of whose move it is, since when and until when, who answered
 * what, and what to do. Pure: of a pack as it is stored, and of facts beside it. Its words are those of `standing.ts` and of
 * `validation_errors`; nothing is in it that is not for whoever owns the pack.
 */
import { after } from '../kit/time.ts';
import {
  type CopyFile,
  type CopyRecord,
  validationFiles,
  validationRecords,
  type ZoneControl,
  zoneRecords,
} from './copy-records.ts';
import { type Cause, type Evidence, type Mover, type Situation, whoseMove } from './found.ts';
import { type IdleSettings, idleNotes } from './hostname-tls.ts';
import { deadline, earliestEnd, isKept, isServed, LIFECYCLE, TOMBSTONE } from './lifecycle.ts';
import { takenUpAt } from './managed.ts';
import type { Pack, PackStatus, Run, RunKind } from './pack.ts';
import type { JsonContext } from './pack-json.ts';
import { lastTime, turningPoint } from './renewal.ts';
import { runOf } from './run.ts';
import { type CoveredName, servingNotes } from './serving-notes.ts';
import { heldWords, hostsIn, minuteOf, STANDINGS, type Standing } from './standing.ts';
import { halvesOf } from './subscriber-message.ts';
import { TYPES } from './type.ts';
import { isOpen } from './zone-life.ts';

/** What an edge showed of a pack last. */
export interface EdgeFact {
  readonly edge: string;
  /** Whether it showed all leaves that it was to show. */
  readonly isShown: boolean;
  readonly problem?: string | undefined;
  /** Undefined: nobody looked yet. */
  readonly seenOn?: Date | undefined;
}

/** What is known beside the pack. */
export interface Facts {
  readonly now: Date;
  /** When it is looked at next; undefined: not by itself. */
  readonly dueAt: Date | undefined;
  /** Whether it is being worked on now. */
  readonly isInHand: boolean;
  readonly edges: readonly EdgeFact[];
  readonly control: ZoneControl;
  /** Its names, with all that could serve them, as far as they are told. */
  readonly covered: readonly CoveredName[];
  readonly json: JsonContext;
  /** Labels of the tokens in which it has private keys. */
  readonly tokens?: readonly string[];
  /** Settings of its custom hostname that edges do not apply. */
  readonly idle?: readonly IdleSettings[];
  /** When a change of it is taken again, where there were too many of late. */
  readonly changeableOn?: Date | undefined;
}

/** When a pack that is kept is renewed. */
interface RenewalTimes {
  readonly plannedOn: Date | undefined;
  /** When its CA is asked again whether that is the time. */
  readonly askedOn: Date | undefined;
  readonly begunOn: Date | undefined;
  /** When it counts as one that will not come about. */
  readonly givenUpOn: Date | undefined;
  readonly certificatesEndOn: Date | undefined;
}

export interface Explanation {
  readonly status: PackStatus;
  /** What is told of: the pack's own life, or its renewal; and in which status that is. */
  readonly run: RunKind;
  readonly stage: PackStatus;
  /** One sentence. */
  readonly waitsFor: string;
  /** Undefined: nobody's. */
  readonly whoseMove: Mover | undefined;
  readonly nextStep: string;
  /** In which situation a host of it is, where it is a known one that holds the pack up. */
  readonly situation: Situation | undefined;
  /** Why it is not further: `validation_errors`. */
  readonly reasons: readonly string[];
  /** What will matter later. */
  readonly notes: readonly string[];
  readonly since: Date;
  /** When the stage is over whatever comes, and what the pack is then. */
  readonly deadline: Date | undefined;
  readonly afterDeadline: PackStatus | undefined;
  readonly nextLookOn: Date | undefined;
  /** How often it was tried in vain. */
  readonly attempts: number;
  readonly renewal: RenewalTimes | undefined;
  readonly evidence: readonly Evidence[];
  /** Records to create. */
  readonly records: readonly CopyRecord[];
  /** Files that hosts are to show. */
  readonly files: readonly CopyFile[];
}

/** Explains a pack. */
export function explain(pack: Pack, facts: Facts): Explanation {
  const run = runOf(pack, facts.now);
  const { statusSince, attempts } = run;
  return {
    status: pack.status,
    run: run.kind,
    stage: run.status,
    ...sentences(pack, run, facts),
    situation: isWorkedOn(run) ? pack.found?.situation : undefined,
    reasons: pack.validationErrors,
    notes: notesOn(pack, facts),
    // What waits for a limit has a status that begins when the limit is over.
    since: statusSince < pack.modifiedOn ? statusSince : pack.modifiedOn,
    ...limitsOf(pack, run),
    nextLookOn: nextLook(pack, facts),
    attempts,
    renewal: renewalTimes(pack),
    evidence: evidenceOf(pack, facts),
    records: recordsOf(pack, run, facts),
    files: SHOWING.has(run.status) ? validationFiles(pack) : [],
  };
}

/** What is at rest waits for whoever has it go on, whatever it was that held it up before. */
const isWorkedOn = ({ status }: Run): boolean => LIFECYCLE[status].job !== undefined;

type Sentences = Pick<Explanation, 'waitsFor' | 'whoseMove' | 'nextStep'>;

function sentences(pack: Pack, run: Run, facts: Facts): Sentences {
  const isAside = run.kind !== 'life';
  const [first] = pack.validationErrors;
  const found = isWorkedOn(run) ? pack.found : undefined;
  const standing = waitsForZone(pack, run, facts.now)
    ? ZONE_FIRST(pack)
    : { ...STANDINGS[run.status]({ pack, run }), ...(found && INSTEAD[found.cause]?.(run)) };
  const isHeldUp = first !== undefined && (found !== undefined || (run.attempts > 0 && standing.isWait));
  return {
    waitsFor: sentenceOf(pack, standing, isAside),
    whoseMove: found ? moverNow(found, run) : standing.whose,
    nextStep: isHeldUp ? halvesOf(first).next : standing.next,
  };
}

/** What is waited for where something else has to come before what the status is called by. */
const INSTEAD: Readonly<Partial<Record<Cause, (run: Run) => Pick<Standing, 'what' | 'isWait'>>>> = {
  caa_forbids: ({ certificateAuthority: ca }) => ({
    isWait: true,
    what: `the CAA records of its hosts let ${ca ?? 'the CA'} issue`,
  }),
  ca_not_configured: ({ certificateAuthority: ca }) => ({
    isWait: true,
    what: `${ca ?? 'the CA'} is configured here`,
  }),
  no_edge: () => ({ isWait: true, what: 'there is an edge to show its certificates' }),
};

function sentenceOf(pack: Pack, { isWait, what }: Standing, isAside: boolean): string {
  const hosts = hostsIn(pack.hosts);
  const now = isServed(pack.status) ? 'is served' : 'is kept';
  if (isAside) return `${hosts} ${now}; its renewal waits until ${what}`;
  return isWait ? `${hosts} waits until ${what}` : `${hosts}: ${what}`;
}

/** Whether a renewal is due and does not begin, because the zone is not active. */
const waitsForZone = ({ renewal, status, zone }: Pack, { kind }: Run, now: Date): boolean =>
  isKept(status) && kind === 'life' && renewal !== undefined && renewal.at <= now && zone.status !== 'active';

const ZONE_FIRST = ({ zone }: Pack): Standing => ({
  isWait: false,
  whose: 'customer',
  what: `its renewal does not begin, as the zone ${zone.name} is ${zone.status}`,
  next: 'show control of the zone, so that it is active',
});

/** An edge is given some rounds of handshakes before it counts as one that somebody has to look after. */
const moverNow = (found: NonNullable<Pack['found']>, { attempts }: Run): Mover =>
  found.cause === 'edge_behind' && attempts < PATIENT_ROUNDS ? 'us' : whoseMove(found);

const PATIENT_ROUNDS = 2;

/** Until when the stage may last. A renewal goes on until the pack is given up, or at its end. */
function limitsOf(pack: Pack, run: Run): Pick<Explanation, 'deadline' | 'afterDeadline'> {
  if (run.status === 'deleted')
    return { deadline: after(run.statusSince, TOMBSTONE), afterDeadline: undefined };
  if (run.kind === 'life' && run.status !== 'pending_expiration')
    return { deadline: deadline(run), afterDeadline: LIFECYCLE[run.status].late };
  const isToBeTold = isServed(pack.status) && pack.status !== 'pending_expiration';
  return { deadline: turningPoint(pack), afterDeadline: isToBeTold ? 'pending_expiration' : 'expired' };
}

const nextLook = (pack: Pack, { dueAt, isInHand, now }: Facts): Date | undefined => {
  if (isInHand) return now;
  return LIFECYCLE[pack.status].job !== undefined ? dueAt : takenUpAt(pack);
};

function renewalTimes(pack: Pack): RenewalTimes | undefined {
  if (!isKept(pack.status)) return undefined;
  const certificatesEndOn = earliestEnd(pack);
  const isOurs = TYPES[pack.type].renewedBy === 'us';
  return {
    plannedOn: pack.renewal?.at,
    askedOn: pack.renewal?.askAt,
    begunOn: pack.renewal?.run?.statusSince,
    givenUpOn: isOurs && isServed(pack.status) ? lastTime(pack) : undefined,
    certificatesEndOn,
  };
}

/** Statuses in which nothing is got or served any more. */
const isEnding = ({ status }: Pack): boolean =>
  !isKept(status) && (LIFECYCLE[status].job === undefined || LEAVES.has(LIFECYCLE[status].job));
const LEAVES: ReadonlySet<string> = new Set(['withdraw', 'purge', 'hold']);

function notesOn(pack: Pack, { changeableOn, covered, tokens = [], idle = [] }: Facts): string[] {
  const isHeldLater = !isOpen(pack.zone) && !isKept(pack.status) && !isEnding(pack);
  const { what, next } = heldWords(pack.zone);
  return [
    ...(isHeldLater ? [`${what}: what is issued is held meanwhile; ${next}`] : []),
    ...(changeableOn
      ? [`it was changed often of late: a PATCH is taken again from ${minuteOf(changeableOn)} on`]
      : []),
    ...tokens.map((label) => `its private keys are in the PKCS#11 token ${label}`.trim()),
    ...servingNotes(pack, covered),
    ...idleNotes(idle),
  ];
}

/** What was found, and what edges showed that are not in it. */
function evidenceOf({ found, hosts }: Pack, { edges }: Facts): Evidence[] {
  const told = found?.evidence ?? [];
  const seen = edges.flatMap(({ edge, isShown, problem, seenOn }): Evidence[] => {
    if (!seenOn || told.some(({ by, who }) => by === 'edge' && who === edge)) return [];
    const said = problem ?? (isShown ? 'it shows the certificates' : 'it does not show the certificates yet');
    return [{ by: 'edge', who: edge, about: hostsIn(hosts), said, at: seenOn }];
  });
  return [...told, ...seen];
}

/** Statuses in which records are worth creating. */
const SHOWING: ReadonlySet<PackStatus> = new Set([
  'initializing',
  'pending_validation',
  'validation_timed_out',
]);

function recordsOf(pack: Pack, run: Run, { control, json, now }: Facts): CopyRecord[] {
  const isOfZone =
    pack.status === 'holding_deployment' ||
    pack.found?.cause === 'zone_not_active' ||
    waitsForZone(pack, run, now);
  return [
    ...(SHOWING.has(run.status) ? validationRecords(pack, json) : []),
    ...(isOfZone && pack.zone.status !== 'active' ? zoneRecords(pack, control) : []),
  ];
}
