import type { Latest, LatestEvent } from '../api/wire-account.ts';
import { Badge, PackBadge } from '../part/badge.tsx';
import { Hosts } from '../part/hosts.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { count, plain } from '../words.ts';

/** What became of the steps that the service took of late. */
export const Steps = ({ steps: { since, events, done, failed } }: Pick<Latest, 'steps'>) => (
  <p class="steps-done">
    <strong class={done > 0 ? 'good' : 'quiet'}>{count(done, 'step')} done</strong>,{' '}
    <strong class={failed > 0 ? 'bad' : 'quiet'}>{failed.toLocaleString('en')} failed</strong>{' '}
    <span class="quiet">
      of {count(events, 'event')} since <Time at={since} isShort />
    </span>
  </p>
);

/** Whose doing it was: a token by its name where that may be seen. */
const Owner = ({ event: { owner, token } }: { readonly event: LatestEvent }) =>
  token ? (
    <bdi class="breaks">{token.name ?? token.id}</bdi>
  ) : (
    <>{owner === 'ca' ? 'the CA' : owner === 'us' ? 'us' : `the ${plain(owner)}`}</>
  );

const COLUMNS: readonly Column<LatestEvent>[] = [
  {
    name: 'Pack',
    kind: 'wide',
    cell: ({ zone_id: zone, certificate_pack_id: id, hosts, host_count: n }) => (
      <Hosts to={href(['zones', zone, 'packs', id])} hosts={hosts.slice(0, 1)} count={n} none={id} />
    ),
  },
  {
    name: 'What',
    cell: ({ kind, to_status: to }) =>
      to === undefined ? <Badge word={kind} tone="off" /> : <PackBadge status={to} />,
  },
  { name: 'Why', kind: 'free', cell: ({ cause }) => <bdi class="breaks">{plain(cause)}</bdi> },
  { name: 'Whose doing', kind: 'free', cell: (event) => <Owner event={event} /> },
  { name: 'When', cell: ({ time: at }) => <Time at={at} isShort /> },
];

/** The latest events of all packs. */
export const LatestEvents = ({ events }: Pick<Latest, 'events'>) =>
  events.length === 0 ? (
    <p class="quiet">Nothing has happened yet.</p>
  ) : (
    <Table of="Latest events" rows={events} columns={COLUMNS} keyOf={({ id }) => id} />
  );
