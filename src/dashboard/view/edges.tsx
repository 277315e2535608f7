/** The edges of the installation: what each serves, and how far it is behind. */
import { useState } from 'preact/hooks';
import { ENVIRONMENTS } from '../../pack/pack.ts';
import { useAnswer } from '../api/answer.ts';
import { withQuery } from '../api/client.ts';
import type { Edge, EdgeWithToken } from '../api/wire-edges.ts';
import { Choice, Search } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { go, href, route } from '../route.ts';
import { may } from '../session.ts';
import { plain } from '../words.ts';
import { EdgeForm } from './edge-form.tsx';
import { EdgeToken } from './edge-token.tsx';
import { EdgeBadge, edgesPath, lagOf, placeOf } from './edge-words.tsx';

const STATUSES = [
  ['', 'Any state'],
  ['pending', 'nobody took it up'],
  ['joining', 'joining'],
  ['active', 'packs wait for it'],
  ['drained', 'drained'],
] as const;
const SERVES = [['', 'Any'], ...ENVIRONMENTS.map((one) => [one, one] as const)] as const;

/** Filters as they stand in the address. */
const NAMES = ['name', 'environment', 'status'] as const;
type Filter = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

export function Edges() {
  const isAllowed = may('SSL and Certificates Read');
  return (
    <>
      <Head title="Edges" name="Edges" />
      {isAllowed ? <Allowed /> : <NotAllowed permission="SSL and Certificates Read" isForAll />}
    </>
  );
}

function Allowed() {
  const { query } = route.value;
  const filter: Filter = Object.fromEntries(
    NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])),
  );
  const page = query.get('page') ?? undefined;
  const answer = useAnswer<readonly Edge[]>(withQuery(edgesPath(), { ...filter, page, per_page: '50' }), 5);
  const [made, setMade] = useState<EdgeWithToken>();
  const enrolled = (edge: EdgeWithToken) => {
    setMade(edge);
    answer.again();
  };
  return (
    <div class="stack">
      <Filters filter={filter} />
      {made && <EdgeToken edge={made} onTaken={() => setMade(undefined)} />}
      <Shown of={answer} what="edges">
        {({ result, info }) => (
          <div>
            <List edges={result} isFiltered={Object.keys(filter).length > 0} />
            <Pages info={info} parts={['edges']} query={filter} what="edge" />
          </div>
        )}
      </Shown>
      {may('SSL and Certificates Write') && (
        <Section title="Enrol an edge">
          <EdgeForm onMade={enrolled} />
        </Section>
      )}
    </div>
  );
}

function Filters({ filter }: { readonly filter: Filter }) {
  const pick = (change: Filter) => go(['edges'], { ...filter, ...change });
  return (
    <Search
      of="Edges"
      label="Name is"
      name="edge"
      value={filter.name ?? ''}
      placeholder="fra-1"
      onSearch={(name) => pick({ name })}
    >
      <Choice
        label="Serves"
        name="environment"
        value={SERVES.find(([one]) => one === filter.environment)?.[0] ?? ''}
        options={SERVES}
        onPick={(environment) => pick({ environment })}
      />
      <Choice
        label="State"
        name="status"
        value={STATUSES.find(([one]) => one === filter.status)?.[0] ?? ''}
        options={STATUSES}
        onPick={(status) => pick({ status })}
      />
    </Search>
  );
}

const List = ({ edges, isFiltered }: { readonly edges: readonly Edge[]; readonly isFiltered: boolean }) =>
  edges.length > 0 ? (
    <Table of="Edges" rows={edges} columns={COLUMNS} keyOf={({ id }) => id} />
  ) : (
    <Empty title={isFiltered ? 'No edge fits.' : 'There are no edges here.'}>
      {!isFiltered && <p>Edges are the operator’s: only his accounts are told of them.</p>}
    </Empty>
  );

const isWithAgent = ({ source }: Edge): boolean => source === 'agent';

const COLUMNS: readonly Column<Edge>[] = [
  {
    name: 'Name',
    kind: 'free',
    cell: (edge) =>
      isWithAgent(edge) ? (
        <a href={href(['edges', edge.id])}>
          <bdi class="breaks">{edge.name}</bdi>
        </a>
      ) : (
        <bdi class="breaks">{edge.name}</bdi>
      ),
  },
  { name: 'State', cell: (edge) => <EdgeBadge edge={edge} /> },
  { name: 'Kind', cell: ({ kind }) => plain(kind) },
  { name: 'Serves', cell: ({ environment }) => environment },
  { name: 'Where', cell: (edge) => placeOf(edge) || <span class="none">–</span> },
  {
    name: 'Packs',
    kind: 'number',
    cell: (edge) => (isWithAgent(edge) ? edge.packs.toLocaleString('en') : <span class="none">–</span>),
  },
  {
    name: 'Names',
    kind: 'number',
    cell: (edge) => (isWithAgent(edge) ? edge.names.toLocaleString('en') : <span class="none">–</span>),
  },
  { name: 'Behind', cell: lagOf },
  {
    name: 'What is wrong',
    kind: 'free',
    cell: ({ problem }) =>
      problem === null ? <span class="none">–</span> : <bdi class="breaks">{problem}</bdi>,
  },
];
