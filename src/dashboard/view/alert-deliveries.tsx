/** What was told by alerts, is to be told, and could not be. */
import { useAnswer } from '../api/answer.ts';
import { ask, part, withQuery } from '../api/client.ts';
import type { Delivery } from '../api/wire-alerts.ts';
import { Badge } from '../part/badge.tsx';
import { Action } from '../part/confirm.tsx';
import { Select } from '../part/field.tsx';
import { Walk } from '../part/pager.tsx';
import { Empty, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { go, route } from '../route.ts';
import { may } from '../session.ts';
import type { Tone } from '../words.ts';
import { AlertsFrame, alertingPath, mayChangeAlerts } from './alerts-frame.tsx';

const STATUSES = [
  ['', 'Any status'],
  ['queued', 'to be sent'],
  ['sent', 'sent'],
  ['dead', 'given up'],
  ['silenced', 'silenced'],
  ['cancelled', 'cancelled'],
] as const;

const TONES: Readonly<Record<string, Tone>> = { queued: 'busy', sent: 'good', dead: 'bad' };

export function Deliveries() {
  const { query } = route.value;
  const [status, cursor] = ['status', 'cursor'].map((one) => query.get(one) ?? undefined);
  const path = withQuery(alertingPath('deliveries'), { status, cursor, per_page: '50' });
  const answer = useAnswer<readonly Delivery[]>(may('Notifications Read') ? path : undefined, 15);
  return (
    <AlertsFrame title="Deliveries">
      <div class="filters">
        <Select
          label="Status"
          value={STATUSES.find(([one]) => one === status)?.[0] ?? ''}
          options={STATUSES}
          onPick={(picked) => go(['alerts', 'deliveries'], { status: picked })}
        />
      </div>
      <Shown of={answer} what="the deliveries">
        {({ result, info }) => (
          <div>
            {result.length > 0 ? (
              <Table
                of="Deliveries"
                rows={result}
                columns={columnsFor(answer.again)}
                keyOf={({ id }) => id}
              />
            ) : (
              <Empty title={status ? 'No delivery is so.' : 'Nothing was told yet.'} />
            )}
            <Walk
              info={info}
              parts={['alerts', 'deliveries']}
              query={{ status, cursor }}
              what="delivery"
              many="deliveries"
            />
          </div>
        )}
      </Shown>
    </AlertsFrame>
  );
}

const Status = ({ of: { status, problem } }: Pick<AgainProps, 'of'>) => (
  <>
    <Badge word={status === 'dead' ? 'given up' : status} tone={TONES[status] ?? 'off'} />
    {problem !== undefined && (
      <span class="cause" title={problem}>
        <bdi>{problem}</bdi>
      </span>
    )}
  </>
);

const columnsFor = (again: () => void): readonly Column<Delivery>[] => [
  {
    name: 'What',
    kind: 'wide',
    cell: ({ title, alert_body: body }) => (
      <bdi class="breaks" title={body}>
        {title}
      </bdi>
    ),
  },
  { name: 'Status', cell: (one) => <Status of={one} /> },
  {
    name: 'To',
    kind: 'free',
    cell: ({ mechanism, mechanism_type: type }) => (
      <>
        <span class="quiet">{type}</span> <bdi class="breaks">{mechanism}</bdi>
      </>
    ),
  },
  { name: 'Policy', kind: 'free', cell: ({ policy_name: name }) => <bdi class="breaks">{name}</bdi> },
  { name: 'Tries', kind: 'number', cell: ({ attempts }) => String(attempts) },
  { name: 'When', cell: ({ created_on: at }) => <Time at={at} isShort /> },
  ...(mayChangeAlerts()
    ? [{ name: 'Change', cell: (one: Delivery) => <Again of={one} again={again} /> }]
    : []),
];

interface AgainProps {
  readonly of: Delivery;
  readonly again: () => void;
}

const Again = ({ of: { id, status }, again }: AgainProps) =>
  status === 'dead' ? (
    <Action
      label="Send again"
      kind="small"
      work={() => ask('POST', alertingPath(`deliveries/${part(id)}/redeliver`), { body: {} })}
      done="It is sent again."
      onDone={again}
    />
  ) : null;
