/** The custom hostnames of a zone: names of its owner's customers. */
import { useRef } from 'preact/hooks';
import { HOSTNAME_STATUSES } from '../../pack/custom-hostname.ts';
import { PACK_STATUSES } from '../../pack/pack.ts';
import { type Answer, useAnswer } from '../api/answer.ts';
import { withQuery } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { Zone } from '../api/wire.ts';
import type { CustomHostname, HostnameQuota } from '../api/wire-hostnames.ts';
import { Badge, PackBadge } from '../part/badge.tsx';
import { Choice, Search } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Life, Time } from '../part/time.tsx';
import { go, href, route } from '../route.ts';
import { may } from '../session.ts';
import { plain } from '../words.ts';
import { Origin, quotaPath } from './fallback-origin.tsx';
import { HostnameForm } from './hostname-form.tsx';
import { HOSTNAME_WORDS, hostnamesPath, toneOf } from './hostname-words.ts';
import type { ViewProps } from './view.ts';

const STATUSES = [
  ['', 'Any status'],
  ...HOSTNAME_STATUSES.filter((one) => one in HOSTNAME_WORDS).map((one) => [one, plain(one)] as const),
] as const;
const SSL_STATUSES = [['', 'Any status'], ...PACK_STATUSES.map((one) => [one, plain(one)] as const)] as const;
const ORDERS = [
  ['', 'Oldest first'],
  ['desc', 'Newest first'],
] as const;

/** Filters as they stand in the address. */
const NAMES = ['hostname.contain', 'hostname_status', 'ssl_status', 'direction'] as const;
type Filter = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

const filterOf = (query: URLSearchParams): Filter =>
  Object.fromEntries(NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));

export function Hostnames({ of: { zone: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Read', id);
  const zone = useAnswer<Zone>(zonePath(id));
  const name = zone.reply?.result.name ?? 'the zone';
  return (
    <>
      <Head
        title="Custom hostnames"
        name={`Custom hostnames, ${name}`}
        above={<a href={href(['zones', id])}>{name}</a>}
      />
      {isAllowed ? <Allowed zoneId={id} /> : <NotAllowed permission="SSL and Certificates Read" />}
    </>
  );
}

function Allowed({ zoneId }: { readonly zoneId: string }) {
  const { query } = route.value;
  const filter = filterOf(query);
  const page = query.get('page') ?? undefined;
  const path = withQuery(hostnamesPath(zoneId), { ...filter, page, per_page: '50' });
  const answer = useAnswer<readonly CustomHostname[]>(path, 5);
  const origin = useOrigin(zoneId);
  const parts = ['zones', zoneId, 'hostnames'];
  const isFiltered = NAMES.some((one) => one !== 'direction' && filter[one] !== undefined);
  return (
    <div class="stack">
      <Filters filter={filter} pick={(change) => go(parts, { ...filter, ...change })} />
      <Shown of={answer} what="custom hostnames">
        {({ result, info }) => (
          <div>
            <List zoneId={zoneId} hostnames={result} isFiltered={isFiltered} />
            <Pages info={info} parts={parts} query={filter} what="hostname" />
          </div>
        )}
      </Shown>
      {may('SSL and Certificates Write', zoneId) && (
        <Section title="Make a custom hostname">
          <HostnameForm zoneId={zoneId} />
        </Section>
      )}
      <Origin zoneId={zoneId} answer={origin} />
    </div>
  );
}

/** It is asked for again where it waits for its record. */
function useOrigin(zoneId: string): Answer<HostnameQuota> {
  const isWaiting = useRef(false);
  const answer = useAnswer<HostnameQuota>(quotaPath(zoneId), isWaiting.current ? 5 : 0);
  const { status = 'active' } = answer.reply?.result.fallback_origin ?? {};
  isWaiting.current = status !== 'active';
  return answer;
}

interface FiltersProps {
  readonly filter: Filter;
  readonly pick: (change: Readonly<Record<string, string>>) => void;
}

const Filters = ({ filter, pick }: FiltersProps) => (
  <Search
    of="Custom hostnames"
    label="Hostname has"
    name="hostname"
    value={filter['hostname.contain'] ?? ''}
    placeholder="customer.com"
    onSearch={(text) => pick({ 'hostname.contain': text.toLowerCase() })}
  >
    <Choice
      label="Hostname"
      name="hostname_status"
      value={STATUSES.find(([one]) => one === filter.hostname_status)?.[0] ?? ''}
      options={STATUSES}
      onPick={(picked) => pick({ hostname_status: picked })}
    />
    <Choice
      label="Certificate"
      name="ssl_status"
      value={SSL_STATUSES.find(([one]) => one === filter.ssl_status)?.[0] ?? ''}
      options={SSL_STATUSES}
      onPick={(picked) => pick({ ssl_status: picked })}
    />
    <Choice
      label="Order"
      name="direction"
      value={filter.direction === 'desc' ? 'desc' : ''}
      options={ORDERS}
      onPick={(picked) => pick({ direction: picked })}
    />
  </Search>
);

interface ListProps {
  readonly zoneId: string;
  readonly hostnames: readonly CustomHostname[];
  readonly isFiltered: boolean;
}

const List = ({ zoneId, hostnames, isFiltered }: ListProps) =>
  hostnames.length > 0 ? (
    <Table of="Custom hostnames" rows={hostnames} columns={columnsFor(zoneId)} keyOf={({ id }) => id} />
  ) : (
    <Empty title={isFiltered ? 'No hostname fits.' : 'There are no custom hostnames yet.'}>
      {!isFiltered && <p>Names of your customers, elsewhere in DNS, can be served here.</p>}
    </Empty>
  );

const columnsFor = (zoneId: string): readonly Column<CustomHostname>[] => [
  {
    name: 'Hostname',
    kind: 'wide',
    cell: ({ id, hostname, ssl }) => (
      <a href={href(['zones', zoneId, 'hostnames', id])}>
        <bdi>{hostname}</bdi>
        {ssl?.wildcard && <span class="quiet"> and below</span>}
      </a>
    ),
  },
  { name: 'Status', cell: ({ status }) => <Badge word={status} tone={toneOf(status)} /> },
  {
    name: 'Certificate',
    cell: ({ ssl }) => (ssl ? <PackBadge status={ssl.status} /> : <span class="none">none</span>),
  },
  {
    name: 'By',
    cell: ({ ssl }) => (ssl ? (ssl.method ?? 'uploaded') : <span class="none">–</span>),
  },
  {
    name: 'Expires',
    cell: ({ ssl: { uploaded_on: from, expires_on: to } = {} }) =>
      from !== undefined && to !== undefined ? (
        <>
          <Life from={from} to={to} /> <Time at={to} isShort />
        </>
      ) : (
        <span class="none">–</span>
      ),
  },
  { name: 'Made', cell: ({ created_at: at }) => <Time at={at} isShort /> },
];
