import { isWithin } from '../dns/message/names.ts';
import type { Said } from '../dns/resolver/query-all.ts';
import type { Trail } from './problem.ts';
import type { Wanted } from './validation.ts';

/**
 * Whether CNAMEs lead from the record's own name to where validation is delegated, over whatever names. Undefined where that is
 * not asked, where no server tells, or where some say so and others do not.
 */
export function leadsToUs(
  wanted: Wanted,
  { said, aliases }: Pick<Trail, 'said' | 'aliases'>,
): boolean | undefined {
  const ends = endsOf(wanted, aliases);
  if (!ends) return undefined;
  const ways = waysTo(ends, aliases);
  const told = [...aliases, ...said].filter(
    ({ name, answer }) => name === wanted.txtName && TOLD.has(answer),
  );
  const isLed = told.map(({ target = '' }) => ways.has(target));
  if (isLed.length === 0 || new Set(isLed).size > 1) return undefined;
  return isLed[0];
}

/** What a server says that answers. */
const TOLD: ReadonlySet<Said['answer']> = new Set(['alias', 'values', 'no_record', 'no_name']);

/** The names that are to be led to; undefined: that is not asked. */
function endsOf(
  { delegatedTo, ledInto }: Pick<Wanted, 'delegatedTo' | 'ledInto'>,
  aliases: readonly Said[],
): readonly string[] | undefined {
  if (ledInto === undefined) return delegatedTo === undefined ? undefined : [delegatedTo];
  return aliases.flatMap(({ target = '' }) => (isWithin(target, ledInto) ? [target] : []));
}

/** Names from which CNAMEs lead to some, and these. */
function waysTo(ends: readonly string[], aliases: readonly Said[]): ReadonlySet<string> {
  const ways = new Set(ends);
  let before = 0;
  while (ways.size > before) {
    before = ways.size;
    for (const { name, target = '' } of aliases) if (ways.has(target)) ways.add(name);
  }
  return ways;
}
