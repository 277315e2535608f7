import { after, between, type Seconds } from '../kit/time.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** A limit that a CA publishes: so many at once, and as many again in so long, a little at a time. */
export interface Limit {
  readonly most: number;
  readonly within: Seconds;
}

/** One bucket that a request takes from. */
export interface Bucket {
  /** Which limit, e.g. `orders`. */
  readonly kind: string;
  /** Whose, e.g. a domain; '' for the account. */
  readonly subject: string;
  readonly limit: Limit;
  /** So many are to be left when one is taken; none unless told. */
  readonly spare?: number;
  /** Who takes, where the bucket is shared out: who took most of late leaves most to the others. */
  readonly taker?: string | undefined;
}

/** A bucket that is empty, and until when. */
export interface Empty {
  readonly bucket: Bucket;
  readonly until: Date;
}

/** Kind of the rows that stand for a CA's own wish to be left alone. */
const PAUSE = 'pause';

/**
 * Takes one from each bucket of a CA, or from none where one is empty, but for what is to be left: then that which is so the
 * longest. All processes share the buckets. A bucket stays locked until the transaction ends: one that is short, and
 * locks nothing else after.
 */
export async function take(
  tx: Tx,
  ca: string,
  buckets: readonly Bucket[],
  now: Date,
): Promise<Empty | undefined> {
  const sorted = buckets.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const empties: Empty[] = [];
  const used: Used[] = [];
  for (const bucket of sorted) {
    const use = await useOf(tx, ca, { bucket, lock: 'for update' }, now);
    if (use) used.push(use);
    await tx.query(
      'insert into ca_limits (ca, kind, subject, full_on) values ($1, $2, $3, $4) on conflict do nothing',
      [ca, bucket.kind, bucket.subject, now],
    );
    const spare = (bucket.spare ?? 0) + (use?.leaves ?? 0);
    const until = emptyUntil({ ...bucket, spare }, await fullOn(tx, ca, bucket, 'for update'), now);
    if (until) empties.push({ bucket, until });
  }
  const [longest] = empties.toSorted((a, b) => b.until.getTime() - a.until.getTime());
  if (longest) return longest;
  for (const { kind, subject, limit } of sorted) {
    await tx.query(
      `update ca_limits set full_on = greatest(full_on, $4) + $5 * interval '1 second'
        where ca = $1 and kind = $2 and subject = $3`,
      [ca, kind, subject, now, limit.within / limit.most],
    );
  }
  for (const use of used) await noteUse(tx, ca, use, now);
  return undefined;
}

/** What one taker took of a bucket of late. */
interface Used {
  readonly bucket: Bucket & { readonly taker: string };
  /** How many, each the less the longer ago: e times less in the time of the limit. */
  readonly taken: number;
  /** So many he leaves to the others. */
  readonly leaves: number;
}

/** Part of a bucket that who took all of it of late leaves to others. */
const LEFT_TO_OTHERS = 1 / 4;
/** What was taken is kept as the instant when it is worth so much. */
const LEAST_USE = 1 / 16;

async function useOf(
  db: Db,
  ca: string,
  { bucket, lock }: { readonly bucket: Bucket; readonly lock: '' | 'for update' },
  now: Date,
): Promise<Used | undefined> {
  const { taker, limit } = bucket;
  if (taker === undefined) return undefined;
  const key = useKey({ ...bucket, taker });
  const until = await fullOn(db, ca, { ...bucket, ...key }, lock);
  const taken = until ? LEAST_USE * Math.exp(between(now, until) / limit.within) : 0;
  return { bucket: { ...bucket, taker }, taken, leaves: LEFT_TO_OTHERS * Math.min(taken, limit.most) };
}

const useKey = ({ kind, subject, taker }: Used['bucket']) => ({
  kind: `${kind} by`,
  subject: `${subject} ${taker}`,
});

async function noteUse(tx: Tx, ca: string, { bucket, taken }: Used, now: Date): Promise<void> {
  const { kind, subject } = useKey(bucket);
  const until = after(now, bucket.limit.within * Math.log((taken + 1) / LEAST_USE));
  await tx.query(
    `insert into ca_limits (ca, kind, subject, full_on) values ($1, $2, $3, $4)
     on conflict (ca, kind, subject) do update set full_on = excluded.full_on`,
    [ca, kind, subject, until],
  );
}

/** The bucket that is empty the longest, of some; nothing is taken. */
export async function look(
  db: Db,
  ca: string,
  buckets: readonly Bucket[],
  now: Date,
): Promise<Empty | undefined> {
  const empties: Empty[] = [];
  for (const bucket of buckets) {
    const until = emptyUntil(bucket, await fullOn(db, ca, bucket, ''), now);
    if (until) empties.push({ bucket, until });
  }
  return empties.toSorted((a, b) => b.until.getTime() - a.until.getTime())[0];
}

/** What is left in a bucket. */
export interface Left {
  /** How many can be taken at once, those included that are left to others. */
  readonly count: number;
  /** When it is full again; undefined: it is. */
  readonly fullOn: Date | undefined;
  /** Until when whoever takes from it gets nothing; undefined: there is one. */
  readonly emptyUntil: Date | undefined;
}

/** What is left in a bucket of a CA; nothing is taken. */
export async function leftIn(db: Db, ca: string, bucket: Bucket, now: Date): Promise<Left> {
  const full = await fullOn(db, ca, bucket, '');
  const use = await useOf(db, ca, { bucket, lock: '' }, now);
  const spare = (bucket.spare ?? 0) + (use?.leaves ?? 0);
  const { most, within } = bucket.limit;
  const wait = full ? Math.max(between(now, full), 0) : 0;
  return {
    count: Math.max(Math.floor(most - (wait * most) / within), 0),
    fullOn: wait > 0 ? full : undefined,
    emptyUntil: emptyUntil({ ...bucket, spare }, full, now),
  };
}

const keyOf = ({ kind, subject }: Bucket): string => `${kind} ${subject}`;

async function fullOn(
  db: Db,
  ca: string,
  bucket: Bucket,
  lock: '' | 'for update',
): Promise<Date | undefined> {
  const { rows } = await db.query<{ full_on: Date }>(
    `select full_on from ca_limits where ca = $1 and kind = $2 and subject = $3 ${lock}`,
    [ca, bucket.kind, bucket.subject],
  );
  return rows[0]?.full_on;
}

/** When there is one to take again; undefined: there is. */
function emptyUntil({ limit, spare = 0 }: Bucket, full: Date | undefined, now: Date): Date | undefined {
  if (!full) return undefined;
  // It holds `most` when it is full, and one takes so long to come back.
  const until = after(full, ((1 + spare) * limit.within) / limit.most - limit.within);
  return between(now, until) > 0 ? until : undefined;
}

/** Remembers that a CA asked to be left alone with what concerns these subjects. */
export async function pause(db: Db, ca: string, subjects: readonly string[], until: Date): Promise<void> {
  await db.query(
    `insert into ca_limits (ca, kind, subject, full_on) select $1, '${PAUSE}', subject, $3 from unnest($2::text[]) as subject
     on conflict (ca, kind, subject) do update set full_on = greatest(ca_limits.full_on, excluded.full_on)`,
    [ca, subjects, until],
  );
}

/** Until when a CA asked to be left alone with one of these subjects; undefined: it does not. */
export async function pausedUntil(
  db: Db,
  ca: string,
  subjects: readonly string[],
  now: Date,
): Promise<Date | undefined> {
  const { rows } = await execute<{ until: Date | null }>(db, PAUSED, { ca, subjects, now });
  return rows[0]?.until ?? undefined;
}

const PAUSED = statement(`
  select max(full_on) as until from ca_limits
   where ca = :ca and kind = '${PAUSE}' and subject = any(:subjects) and full_on > :now`);

/** Kind of the rows that stand for a directory's wish not to be asked for something. */
const ENDPOINT = 'endpoint';

interface DirectoryPlace {
  readonly ca: string;
  readonly directoryUrl: string;
}

/** Remembers that a directory asked not to be asked for something, for all who use it. */
export async function pauseEndpoint(
  db: Db,
  { ca, directoryUrl }: DirectoryPlace,
  endpoint: string,
  until: Date,
): Promise<void> {
  await db.query(
    `insert into ca_limits (ca, kind, subject, full_on) values ($1, '${ENDPOINT}', $2, $3)
     on conflict (ca, kind, subject) do update set full_on = greatest(ca_limits.full_on, excluded.full_on)`,
    [ca, `${directoryUrl} ${endpoint}`, until],
  );
}

/** For what a directory asked not to be asked, and until when. */
export async function listEndpointPauses(
  db: Db,
  { ca, directoryUrl }: DirectoryPlace,
  now: Date,
): Promise<Map<string, Date>> {
  const { rows } = await execute<{ endpoint: string; until: Date }>(db, PAUSED_ENDPOINTS, {
    ca,
    directory: directoryUrl,
    now,
  });
  return new Map(rows.map(({ endpoint, until }) => [endpoint, until]));
}

const PAUSED_ENDPOINTS = statement(`
  select substring(subject from length(:directory::text) + 2) as endpoint, full_on as until from ca_limits
   where ca = :ca and kind = '${ENDPOINT}' and starts_with(subject, :directory || ' ') and full_on > :now`);

/** Forgets buckets that are full, and pauses that are over. */
export async function purgeFullBuckets(db: Db, now: Date): Promise<void> {
  await db.query('delete from ca_limits where full_on < $1', [now]);
}
