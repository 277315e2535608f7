import { PACK_STATUSES } from '../../pack/pack.ts';
import type { Summary } from '../api/wire-account.ts';
import { Badge } from '../part/badge.tsx';
import { href } from '../route.ts';
import { PACK_WORDS } from '../words.ts';

interface StatusBarProps {
  readonly statuses: Summary['statuses'];
  readonly total: number;
}

/** Every status that packs have, as long as its share; each leads to its packs. The bar is the list drawn once more. */
export function StatusBar({ statuses, total }: StatusBarProps) {
  const there = PACK_STATUSES.flatMap((status) => {
    const n = statuses[status] ?? 0;
    return n > 0 ? [{ status, n, tone: PACK_WORDS[status].tone }] : [];
  });
  return (
    <>
      <div class="shares" aria-hidden="true">
        {there.map(({ status, n, tone }) => (
          <span key={status} class={tone} style={{ flexGrow: String(n) }} />
        ))}
      </div>
      <ul class="statuses">
        {there.map(({ status, n, tone }) => (
          <li key={status}>
            <a href={href(['packs'], { status })}>
              <Badge word={status} tone={tone} /> {n.toLocaleString('en')}
            </a>{' '}
            <span class="quiet">{shareOf(n, total)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const shareOf = (n: number, total: number): string => {
  const percent = (100 * n) / Math.max(1, total);
  return percent > 0 && percent < 1 ? '< 1 %' : `${Math.round(percent)} %`;
};
