import { printable, toDnsName } from '../dns/message/names.ts';
import type { IterativeResolver } from '../dns/resolver/iterative-resolver.ts';
import type { Said } from '../dns/resolver/query-all.ts';
import { addressesIn } from '../dns/resolver/zone.ts';
import type { Clock } from '../kit/clock.ts';
import type { Situation } from '../pack/found.ts';
import { situationWords } from '../pack/situation.ts';
import { cdnOf } from './cdn.ts';
import { type AskInside, bogusWords } from './host-signs.ts';
import type { Trail } from './problem.ts';
import type { TxtCheck, Wanted } from './validation.ts';

/** What is judged with. */
export interface TxtJudge {
  readonly walk: IterativeResolver;
  readonly clock: Clock;
  readonly inside?: AskInside | undefined;
  readonly signal: AbortSignal;
}

/** A situation; with words where those of the look do not name it. */
type Judged = Pick<TxtCheck, 'situation'> & Partial<Pick<TxtCheck, 'isVisible' | 'problem'>>;

/**
 * The situation that keeps a CA from a record. What is visible to whoever does not validate is not, where DNSSEC of its zone is
 * bogus: the CA would get no answer.
 */
export async function judgeTxt(
  judge: TxtJudge,
  record: Wanted,
  { look, trail }: { readonly look: TxtCheck; readonly trail: Trail },
): Promise<Judged> {
  const name = toDnsName(record.txtName);
  if (look.isVisible) {
    const { walk, clock } = judge;
    const seen = await bogusWords(walk, { name, type: 'TXT', zone: walk.nearest(name) }, clock.now());
    if (seen === undefined) return {};
    return {
      isVisible: false,
      ...inWords('bogus_dnssec', situationWords('bogus_dnssec', { host: name, seen })),
    };
  }
  if (trail.wildcard?.said.target !== undefined) return { situation: 'wildcard_cname' };
  const unheard = unheardOf(trail);
  if (unheard) return { situation: unheard };
  return (await proxied(judge, record, trail)) ?? (await insideAlone(judge, record)) ?? {};
}

/** No server that answers lacks the record, and some do not answer for the zone, or have addresses that nobody reaches. */
function unheardOf({ said, dead, isSpent }: Trail): Situation | undefined {
  const failed = said.filter(({ answer }) => FAILURES.has(answer));
  const lacks = said.some(({ answer, values }) => !FAILURES.has(answer) && values.length === 0);
  const isLame = dead.some(({ kind }) => kind === 'lame');
  if (failed.length === 0 || isSpent || (lacks && !isLame)) return undefined;
  return failed.every(({ answer }) => answer === 'barred') ? 'split_horizon' : 'lame_server';
}

const FAILURES: ReadonlySet<Said['answer']> = new Set(['barred', 'refused', 'failed', 'unreachable']);

/** A CNAME that Cloudflare proxies is answered with addresses, and with no TXT. */
async function proxied(
  { walk }: TxtJudge,
  { txtName, delegatedTo }: Wanted,
  { said }: Trail,
): Promise<Judged | undefined> {
  const name = toDnsName(txtName);
  const from = said.find((one) => one.name === name && one.answer === 'no_record')?.from;
  if (!from) return undefined;
  const heard = await walk.ask(from, { name, type: 'A' }, 1);
  const addresses = heard.kind === 'reply' ? addressesIn(heard.reply.answers, name) : [];
  if (cdnOf([], addresses) !== 'Cloudflare') return undefined;
  const lead = delegatedTo === undefined ? '' : ` and have it lead to ${delegatedTo}`;
  return inWords('orange_cloud', {
    what: `${txtName} is proxied by Cloudflare, which answers with its own addresses (${addresses.join(', ')}) and no TXT`,
    next: `set the record ${txtName} to "DNS only" at Cloudflare${lead}`,
  });
}

/** Whoever asks within the service's own network is shown the record, and the world is not. */
async function insideAlone({ inside, signal }: TxtJudge, record: Wanted): Promise<Judged | undefined> {
  const { txtName, txtValue } = record;
  const values = await inside?.(toDnsName(txtName), 'TXT', signal);
  if (!values?.includes(txtValue) || txtValue === '') return undefined;
  const seen = `the resolver of the service's own network has TXT "${printable(txtValue, 255)}", and its name servers do not tell the world of it`;
  return inWords('split_horizon', situationWords('split_horizon', { host: txtName, seen }));
}

const inWords = (
  situation: Situation,
  { what, next }: { readonly what: string; readonly next: string },
): Judged => ({ situation, problem: `${what}; ${next}` });
