import type { Summary } from '../api/wire-account.ts';
import { type Column, Table } from '../part/table.tsx';
import { href } from '../route.ts';
import { count } from '../words.ts';

type Week = Summary['expiries'][number];

const weekHref = ({ from, to }: Week): string =>
  href(['packs'], { expires_after: from, expires_before: to, order: 'expires_on' });

/** Lowest bar that can still be seen and hit, of 100. */
const LEAST = 3;

/** One bar a week, each a link to the packs whose first certificate ends in it. */
export function Expiries({ weeks }: { readonly weeks: readonly Week[] }) {
  const most = Math.max(1, ...weeks.map((week) => week.count));
  return (
    <>
      <ol class="bars">
        {weeks.map((week) => (
          <li key={week.from}>
            <a href={weekHref(week)} title={`${week.from} to ${week.to}: ${count(week.count, 'pack')}`}>
              <span class="unseen">
                Week of {week.from}: {count(week.count, 'pack')}
              </span>
              <span class="number" aria-hidden="true">
                {week.count > 0 ? week.count.toLocaleString('en') : ''}
              </span>
              <span
                class="bar-of"
                style={{ height: `${week.count === 0 ? 0 : Math.max(LEAST, (100 * week.count) / most)}px` }}
              />
              <span class="when" aria-hidden="true">
                {week.from.slice(5)}
              </span>
            </a>
          </li>
        ))}
      </ol>
      <details>
        <summary>As a table</summary>
        <Table
          of="Certificates that end, by week"
          rows={weeks}
          columns={COLUMNS}
          keyOf={({ from }) => from}
        />
      </details>
    </>
  );
}

const COLUMNS: readonly Column<Week>[] = [
  { name: 'Week of', cell: (week) => <a href={weekHref(week)}>{week.from}</a> },
  { name: 'Packs', kind: 'number', cell: (week) => week.count.toLocaleString('en') },
];
