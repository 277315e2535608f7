import type { AtRisk as PackAtRisk } from '../api/wire-account.ts';
import { PackBadge } from '../part/badge.tsx';
import { Hosts } from '../part/hosts.tsx';
import { type Column, Table } from '../part/table.tsx';
import { LifeLeft, Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { caName } from '../words.ts';

const COLUMNS: readonly Column<PackAtRisk>[] = [
  {
    name: 'Hosts',
    kind: 'wide',
    cell: ({ id, zone_id: zone, hosts, host_count: n }) => (
      <Hosts to={href(['zones', zone, 'packs', id])} hosts={hosts} count={n} />
    ),
  },
  { name: 'Status', cell: ({ status }) => <PackBadge status={status} /> },
  { name: 'CA', cell: ({ certificate_authority: ca }) => caName(ca) },
  { name: 'To be renewed', cell: ({ renewal_on: at }) => <Time at={at} isShort /> },
  {
    name: 'Expires',
    cell: ({ life_left: share, expires_on: at }) => (
      <>
        <LifeLeft share={share} /> <Time at={at} isShort />
      </>
    ),
  },
];

/** The packs with the least life left. */
export const AtRisk = ({ packs }: { readonly packs: readonly PackAtRisk[] }) => (
  <Table of="Packs most at risk" rows={packs} columns={COLUMNS} keyOf={({ id }) => id} />
);
