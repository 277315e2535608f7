/** What was done in the account, by whom and from where. */
import { useAnswer } from '../api/answer.ts';
import { withQuery } from '../api/client.ts';
import type { Audited } from '../api/wire.ts';
import { Select } from '../part/field.tsx';
import { Walk } from '../part/pager.tsx';
import { Head } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { go, href, route } from '../route.ts';
import { accountId, may } from '../session.ts';
import { plain } from '../words.ts';
import { ZoneName } from './zone-choice.tsx';

const RESOURCES = [
  ['', 'Anything'],
  ['certificate_pack', 'Packs'],
  ['zone', 'Zones'],
  ['dns_record', 'DNS records'],
  ['api_token', 'Tokens'],
  ['bulk_job', 'Jobs'],
  ['account', 'Account'],
] as const;

const FILTERS = ['resource_type', 'zone_id', 'actor_token_id', 'since', 'before', 'direction'] as const;
type Filter = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

const filterOf = (query: URLSearchParams): Filter =>
  Object.fromEntries(FILTERS.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));

export function Audit() {
  const { query } = route.value;
  const filter = filterOf(query);
  const cursor = query.get('cursor') ?? undefined;
  const isAllowed = may('Account Settings Read');
  const path = withQuery(`/accounts/${accountId()}/logs/audit`, { ...filter, cursor, limit: '100' });
  const answer = useAnswer<readonly Audited[]>(isAllowed ? path : undefined);
  return (
    <>
      <Head title="Audit log" name="Audit log" />
      {!isAllowed && <NotAllowed permission="Account Settings Read" />}
      {isAllowed && (
        <>
          <Filters filter={filter} />
          <Shown of={answer} what="the log">
            {({ result, info }) => (
              <>
                {result.length > 0 ? (
                  <Table of="Audit log" rows={result} columns={COLUMNS} keyOf={({ id }) => id} />
                ) : (
                  <Empty
                    title={Object.keys(filter).length > 0 ? 'No record fits.' : 'Nothing is recorded yet.'}
                  />
                )}
                <Walk info={info} parts={['audit']} query={{ ...filter, cursor }} what="record" />
              </>
            )}
          </Shown>
        </>
      )}
    </>
  );
}

const DIRECTIONS = [
  ['', 'Latest first'],
  ['asc', 'Oldest first'],
] as const;

function Filters({ filter }: { readonly filter: Filter }) {
  const set = (change: Filter) => go(['audit'], { ...filter, ...change });
  const day = (name: 'since' | 'before', label: string) => (
    <label class="labelled">
      {label}
      <input
        type="date"
        name={name}
        value={filter[name]?.slice(0, 10) ?? ''}
        onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
      />
    </label>
  );
  const { zone_id: zone, actor_token_id: token } = filter;
  return (
    <>
      <div class="filters" role="search" aria-label="Audit log">
        <Select
          label="What it was done to"
          value={RESOURCES.find(([one]) => one === filter.resource_type)?.[0] ?? ''}
          options={RESOURCES}
          onPick={(picked) => set({ resource_type: picked })}
        />
        <Select
          label="Order"
          value={filter.direction === 'asc' ? 'asc' : ''}
          options={DIRECTIONS}
          onPick={(direction) => set({ direction })}
        />
        {day('since', 'From')}
        {day('before', 'Before')}
        {Object.keys(filter).length > 0 && <a href={href(['audit'])}>Clear</a>}
      </div>
      {(zone ?? token) !== undefined && (
        <p class="beside">
          {zone !== undefined && (
            <>
              In the zone <ZoneName id={zone} />.{' '}
            </>
          )}
          {token !== undefined && (
            <>
              By the token <code>{token}</code>.
            </>
          )}
        </p>
      )}
    </>
  );
}

const COLUMNS: readonly Column<Audited>[] = [
  { name: 'When', cell: ({ action }) => <Time at={action.time} /> },
  { name: 'What', cell: ({ action }) => plain(action.description) },
  { name: 'Done to', kind: 'wide', cell: (one) => <Subject one={one} /> },
  { name: 'By', cell: (one) => <Actor one={one} /> },
  { name: 'From', cell: ({ actor }) => actor.ip_address ?? '–' },
];

function Actor({ one: { actor } }: { readonly one: Audited }) {
  const name = <bdi class="breaks">{actor.email ?? actor.token_name ?? actor.id ?? actor.type}</bdi>;
  if (actor.token_id === undefined) return name;
  return (
    <a href={href(['audit'], { actor_token_id: actor.token_id })} title={actor.token_id}>
      {name}
    </a>
  );
}

function Subject({ one: { resource, zone } }: { readonly one: Audited }) {
  const name = <bdi class="breaks">{resource.name ?? resource.id}</bdi>;
  const leadsTo = partsOf(resource, zone?.id);
  return (
    <>
      <span class="quiet">{plain(resource.type)}</span> {leadsTo ? <a href={href(leadsTo)}>{name}</a> : name}
      {zone?.name !== undefined && resource.type !== 'zone' && (
        <span class="quiet">
          {' '}
          in <bdi>{zone.name}</bdi>
        </span>
      )}
    </>
  );
}

function partsOf({ type, id }: Audited['resource'], zoneId: string | undefined): string[] | undefined {
  if (type === 'bulk_job') return ['bulk', id];
  if (type === 'zone') return ['zones', id];
  if (zoneId === undefined) return undefined;
  if (type === 'certificate_pack') return ['zones', zoneId, 'packs', id];
  return type === 'dns_record' ? ['zones', zoneId, 'dns'] : undefined;
}
