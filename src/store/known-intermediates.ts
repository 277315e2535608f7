/** Certificates of CAs that came with uploads and led to a trusted root: later uploads that lack them are completed with them. */
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';

/** A certificate of a CA. */
export interface KnownIntermediate {
  /** Lower-case hexadecimal SHA-256. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  readonly pem: string;
  readonly notAfter: Date;
}

/** Most that are kept: who may issue below a trusted root can make any number, of one name too. */
const [MOST, MOST_OF_NAME] = [5_000, 8];

/** Keeps those that are not known yet, while there is room. They are the same for everybody: whoever uses them checks them anew. */
export async function learn(tx: Tx, found: readonly KnownIntermediate[], now: Date): Promise<void> {
  // In one order for all who do so at once.
  for (const { notAfter: not_after, ...one } of found.toSorted((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : 1,
  ))
    await execute(tx, LEARN, { ...one, not_after, now, most: MOST, most_of_name: MOST_OF_NAME });
}

const LEARN = statement(`
  insert into known_intermediates (fingerprint, subject, issuer, pem, not_after, learned_on)
  select :fingerprint, :subject, :issuer, :pem, :not_after, :now
   where not exists (select from known_intermediates where fingerprint = :fingerprint)
     and (select count(*) from known_intermediates where subject = :subject) < :most_of_name
     and (select count(*) from known_intermediates) < :most
  on conflict do nothing`);

/** PEM of those that may stand above certificates of these issuers, and above these, that are good now. */
export async function listAbove(db: Db, issuers: readonly string[], now: Date): Promise<string[]> {
  const { rows } = await execute<{ pem: string }>(db, ABOVE, {
    issuers,
    now,
    depth: DEEPEST,
    most: MOST_ASKED,
  });
  return rows.map(({ pem }) => pem);
}

const [DEEPEST, MOST_ASKED] = [5, 40];
const ABOVE = statement(`
  with recursive above (fingerprint, issuer, depth) as (
    select fingerprint, issuer, 1 from known_intermediates where subject = any(:issuers) and not_after > :now
    union
    select known.fingerprint, known.issuer, depth + 1
      from above join known_intermediates as known on known.subject = above.issuer
     where depth < :depth and not_after > :now)
  select pem from known_intermediates
    join (select fingerprint, min(depth) as depth from above group by 1) as found using (fingerprint)
   order by found.depth, fingerprint limit :most`);

/** Forgets those that have ended. */
export async function forgetEnded(db: Db, now: Date): Promise<void> {
  await execute(db, FORGET, { now });
}

const FORGET = statement('delete from known_intermediates where not_after <= :now');
