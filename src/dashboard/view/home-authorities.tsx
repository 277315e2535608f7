import type { CaLimit, CaState } from '../api/wire-account.ts';
import { Badge } from '../part/badge.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { caName } from '../words.ts';

/** Whether it can be ordered from, and whether it answers. */
export function Health({
  ca: { is_configured: isConfigured, health },
  isShort = false,
}: {
  readonly ca: CaState;
  readonly isShort?: boolean;
}) {
  if (!isConfigured) return <Badge word="not configured" tone="off" />;
  if (health.is_up === undefined) return <span class="quiet">not asked yet</span>;
  return (
    <>
      <Badge word={health.is_up ? 'works' : 'in trouble'} tone={health.is_up ? 'good' : 'bad'} />
      {!isShort && health.problem !== undefined && <bdi class="cause">{health.problem}</bdi>}
    </>
  );
}

const lengthOf = (seconds: number): string =>
  seconds % 86_400 === 0 ? `${seconds / 86_400} d` : `${Math.round(seconds / 3_600)} h`;

/** What is left of a limit. */
export const Limit = ({
  of: { limit, most, within_s: within, remaining, is_available: isFree },
}: {
  readonly of: CaLimit;
}) => (
  <span class="limit">
    {remaining === undefined ? (
      <>
        {isFree ? 'free' : 'used up'}, {most} {limit} in {lengthOf(within)}, shared
      </>
    ) : (
      <>
        {remaining.toLocaleString('en')} of {most.toLocaleString('en')} {limit} in {lengthOf(within)}
      </>
    )}
  </span>
);

const COLUMNS: readonly Column<CaState>[] = [
  { name: 'CA', cell: ({ certificate_authority: ca }) => caName(ca) },
  { name: 'Health', cell: (ca) => <Health ca={ca} /> },
  {
    name: 'Packs',
    kind: 'number',
    cell: ({ certificate_authority: ca, packs }) => (
      <a href={href(['packs'], { certificate_authority: ca })}>{packs.toLocaleString('en')}</a>
    ),
  },
  { name: 'Soonest end', cell: ({ soonest_end: at }) => <Time at={at} isShort /> },
  {
    name: 'Left of its limits',
    cell: ({ limits }) =>
      limits.length === 0 ? '–' : limits.map((one) => <Limit key={one.limit} of={one} />),
  },
];

/** The CAs, with what concerns the account. */
export const Authorities = ({ of }: { readonly of: readonly CaState[] }) => (
  <Table of="CAs" rows={of} columns={COLUMNS} keyOf={({ certificate_authority: ca }) => ca} />
);
