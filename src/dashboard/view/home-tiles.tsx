import type { PackGroup } from '../../pack/pack-group.ts';
import type { Summary } from '../api/wire-account.ts';
import { href } from '../route.ts';
import { GROUP_WORDS } from '../words.ts';

const TILES: readonly PackGroup[] = [
  'active',
  'waiting_for_customer',
  'waiting_for_ca',
  'waiting_for_us',
  'being_renewed',
  'at_risk',
  'expired',
];

/** Numbers that say whether anything is to be done; each leads to just the packs that it counts. */
export const Tiles = ({ summary }: { readonly summary: Summary }) => (
  <ul class="tiles">
    {TILES.map((group) => (
      <OneTile key={group} group={group} summary={summary} />
    ))}
  </ul>
);

function OneTile({ group, summary }: { readonly group: PackGroup; readonly summary: Summary }) {
  const n = summary.groups[group] ?? 0;
  const isAtLeast = group === 'at_risk' && summary.renewals.is_at_least;
  const { name, tone } = GROUP_WORDS[group];
  return (
    <li>
      <a class={`card tile ${n > 0 ? tone : 'off'}`} href={href(['packs'], { group })}>
        <strong>
          {n.toLocaleString('en')}
          {isAtLeast && '+'}
        </strong>{' '}
        <span>{name}</span>
      </a>
    </li>
  );
}
