import type { ListedPack, Pack } from '../api/wire.ts';
import { PackBadge } from '../part/badge.tsx';
import { Hosts } from '../part/hosts.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Life, Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { caName, plain } from '../words.ts';

/** The certificate of a pack that ends first. */
const firstToEnd = ({ certificates }: Pick<Pack, 'certificates'>) =>
  certificates.toSorted((a, b) => a.expires_on.localeCompare(b.expires_on))[0];

const SHOWN = 2;
/** Hosts that are told by pointing. */
const MOST_TITLED = 100;

const PackHosts = ({ pack: { id, zone_id: zone, hosts } }: { readonly pack: ListedPack }) => (
  <Hosts
    to={href(['zones', zone, 'packs', id])}
    hosts={hosts.slice(0, SHOWN)}
    count={hosts.length}
    none={id}
    title={hosts.slice(0, MOST_TITLED).join('\n')}
  />
);

function Status({ pack }: { readonly pack: ListedPack }) {
  const [first] = pack.validation_errors;
  return (
    <>
      <PackBadge status={pack.status} />
      {first && (
        <span class="cause" title={first.message}>
          <bdi>{first.message}</bdi>
        </span>
      )}
    </>
  );
}

function Expires({ pack }: { readonly pack: ListedPack }) {
  const first = firstToEnd(pack);
  if (!first) return <span class="none">–</span>;
  return (
    <>
      <Life from={first.uploaded_on} to={first.expires_on} /> <Time at={first.expires_on} isShort />
    </>
  );
}

const COLUMNS: readonly Column<ListedPack>[] = [
  { name: 'Hosts', cell: (pack) => <PackHosts pack={pack} />, kind: 'wide' },
  { name: 'Status', cell: (pack) => <Status pack={pack} /> },
  { name: 'CA', cell: (pack) => caName(pack.certificate_authority) },
  { name: 'Type', cell: (pack) => plain(pack.type) },
  { name: 'Expires', cell: (pack) => <Expires pack={pack} /> },
  { name: 'Created', cell: (pack) => <Time at={pack.created_on} isShort /> },
];

interface PackTableProps {
  readonly packs: readonly ListedPack[];
  /** Whether there is room for little. */
  readonly isNarrow?: boolean;
}

const NARROW = COLUMNS.filter(({ name }) => !['Type', 'Created'].includes(name));

/** A list of packs, each a link to its own view. */
export const PackTable = ({ packs, isNarrow = false }: PackTableProps) => (
  <Table of="Certificate packs" rows={packs} columns={isNarrow ? NARROW : COLUMNS} keyOf={({ id }) => id} />
);
