/** What moves in from elsewhere: how far each is, what waits, and why. */
import { MOVE_IN_STATUSES, type MoveInStatus } from '../../pack/move-in.ts';
import { useAnswer } from '../api/answer.ts';
import { ask, part, withQuery } from '../api/client.ts';
import type { Move, MoveSummary } from '../api/wire-moves.ts';
import { Badge } from '../part/badge.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Hosts } from '../part/hosts.tsx';
import { Choice } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { go, href, route } from '../route.ts';
import { accountId, may } from '../session.ts';
import { count, type Tone } from '../words.ts';
import { ZoneName } from './zone-choice.tsx';

const movesPath = (): string => `/accounts/${accountId()}/move_ins`;

// biome-ignore format: a table is read by column
const WORDS: Readonly<Record<MoveInStatus, { readonly tone: Tone; readonly says: string }>> = {
  planned:   { tone: 'wait', says: 'a managed pack is planned' },
  ordered:   { tone: 'busy', says: 'its managed pack is ordered' },
  proving:   { tone: 'busy', says: 'edges are to show its managed pack' },
  done:      { tone: 'good', says: 'its managed pack is served' },
  cancelled: { tone: 'off',  says: 'it is left as it is' },
};
const FILTERS = [
  ['', 'Any status'],
  ...MOVE_IN_STATUSES.map((one) => [one, `${one}: ${WORDS[one].says}`] as const),
] as const;

export function Moves() {
  const { query } = route.value;
  const [zoneId, status, page] = ['zone_id', 'status', 'page'].map((one) => query.get(one) ?? undefined);
  const isAllowed = may('SSL and Certificates Read', zoneId);
  return (
    <>
      <Head title="Moving in" name="Moving in" above={<Above zoneId={zoneId} />} />
      {isAllowed ? (
        <Allowed zoneId={zoneId} status={status} page={page} />
      ) : (
        <NotAllowed permission="SSL and Certificates Read" isForAll={zoneId === undefined} />
      )}
    </>
  );
}

const Above = ({ zoneId }: { readonly zoneId: string | undefined }) => (
  <>
    <a href={href(['zones'])}>Zones</a>
    {zoneId !== undefined && (
      <>
        {' '}
        /{' '}
        <a href={href(['zones', zoneId])}>
          <ZoneName id={zoneId} />
        </a>
      </>
    )}
  </>
);

interface Asked {
  readonly zoneId: string | undefined;
  readonly status: string | undefined;
  readonly page: string | undefined;
}

function Allowed({ zoneId, status, page }: Asked) {
  const answer = useAnswer<readonly Move[]>(
    withQuery(movesPath(), { zone_id: zoneId, status, page, per_page: '50' }),
    5,
  );
  return (
    <div class="stack">
      {may('SSL and Certificates Read') && <Summary asked={answer.reply} />}
      <div class="filters">
        <Choice
          label="Status"
          name="status"
          value={FILTERS.find(([one]) => one === status)?.[0] ?? ''}
          options={FILTERS}
          onPick={(picked) => go(['moves'], { zone_id: zoneId, status: picked })}
        />
        {zoneId !== undefined && <a href={href(['moves'], { status })}>Of all zones</a>}
      </div>
      <Shown of={answer} what="what moves in">
        {({ result, info }) => (
          <div>
            <List moves={result} isFiltered={Boolean(status)} again={answer.again} />
            <Pages info={info} parts={['moves']} query={{ zone_id: zoneId, status }} what="move" />
          </div>
        )}
      </Shown>
    </div>
  );
}

/** How far all of the account are; asked again with the list. */
function Summary({ asked }: { readonly asked: unknown }) {
  const answer = useAnswer<MoveSummary>(`${movesPath()}/summary`, 0, asked);
  return (
    <Section title="All of the account">
      <Shown of={answer} what="how far they are">
        {({ result }) => <InWords of={result} />}
      </Shown>
    </Section>
  );
}

const InWords = ({ of }: { readonly of: MoveSummary }) => (
  <>
    <ul class="statuses">
      {MOVE_IN_STATUSES.map((one) => (
        <li key={one}>
          <a href={href(['moves'], { status: one })}>
            <Badge word={one} tone={of[one] > 0 ? WORDS[one].tone : 'off'} /> {of[one].toLocaleString('en')}
          </a>
        </li>
      ))}
    </ul>
    {of.stuck > 0 && (
      <p class="bad-text">Something stands in the way of {count(of.stuck, 'move')}: each says what, below.</p>
    )}
    {of.late > 0 && (
      <p class="bad-text">
        By this pace the certificates of {count(of.late, 'move')} end before their turn: have the operator
        raise move_in_orders.
      </p>
    )}
    <p class="quiet">
      {of.orders_per_hour > 0
        ? `At most ${count(of.orders_per_hour, 'order')} an hour are made for them.`
        : 'No orders are made for them now: the operator set move_in_orders to 0.'}
    </p>
  </>
);

interface ListProps {
  readonly moves: readonly Move[];
  readonly isFiltered: boolean;
  readonly again: () => void;
}

const List = ({ moves, isFiltered, again }: ListProps) =>
  moves.length > 0 ? (
    <Table of="What moves in" rows={moves} columns={columnsFor(again)} keyOf={({ id }) => id} />
  ) : (
    <Empty title={isFiltered ? 'No move fits.' : 'Nothing moves in.'}>
      {!isFiltered && (
        <p>
          <code>certpacks import</code> brings certificates with their keys, and names, from elsewhere.
        </p>
      )}
    </Empty>
  );

const SHOWN = 2;
const NONE = <span class="none">–</span>;

const packOf = ({ zone_id: zone }: Move, id: string): string => href(['zones', zone, 'packs', id]);

/** The pack that serves it now. */
const toPack = (move: Move): string => {
  const id = move.managed_pack_id ?? move.imported_pack_id;
  return id === undefined ? href(['zones', move.zone_id]) : packOf(move, id);
};

const Brought = ({ move }: { readonly move: Move }) =>
  move.imported_pack_id === undefined ? (
    <>no certificate</>
  ) : (
    <>
      <a href={packOf(move, move.imported_pack_id)}>a certificate</a>, ends{' '}
      <Time at={move.imported_expires_on} isShort />
    </>
  );

const Turn = ({ move: { status, planned_for: at, finished_on: end } }: { readonly move: Move }) =>
  end === undefined ? (
    <Time at={at} isShort />
  ) : (
    <>
      {status === 'done' ? 'there' : 'ended'} <Time at={end} isShort />
    </>
  );

const columnsFor = (again: () => void): readonly Column<Move>[] => [
  {
    name: 'Hosts',
    kind: 'wide',
    cell: (move) => (
      <Hosts
        to={toPack(move)}
        hosts={move.hosts.slice(0, SHOWN)}
        count={move.hosts.length}
        title={move.hosts.join('\n')}
      />
    ),
  },
  {
    name: 'Status',
    cell: ({ status }) => (
      <>
        <Badge word={status} tone={WORDS[status]?.tone ?? 'off'} />
        <span class="unseen">: {WORDS[status]?.says}</span>
      </>
    ),
  },
  { name: 'Brought', cell: (move) => <Brought move={move} /> },
  {
    name: 'Managed pack',
    cell: (move) =>
      move.managed_pack_id === undefined ? NONE : <a href={packOf(move, move.managed_pack_id)}>the pack</a>,
  },
  { name: 'Its turn', cell: (move) => <Turn move={move} /> },
  { name: 'Why it waits', kind: 'free', cell: ({ why }) => (why ? <bdi class="breaks">{why}</bdi> : NONE) },
  { name: 'Change', cell: (move) => (mayCancel(move) ? <Cancel move={move} again={again} /> : NONE) },
];

const mayCancel = ({ zone_id: zone, finished_on: end }: Move): boolean =>
  end === undefined && may('SSL and Certificates Write', zone);

const Cancel = ({ move: { id, hosts }, again }: { readonly move: Move; readonly again: () => void }) => (
  <Confirm
    label="Cancel the move"
    opens="Cancel"
    kind="small"
    title={`Cancel the move of ${hosts[0] ?? 'it'}?`}
    work={() => ask('POST', `${movesPath()}/${part(id)}/cancel`, { body: {} })}
    done="The move is cancelled."
    onDone={again}
  >
    <p>
      What was brought serves until it ends, and nobody renews it. A pack that is ordered already goes its own
      way.
    </p>
  </Confirm>
);
