import { useState } from 'preact/hooks';
import { ask, part } from '../api/client.ts';
import type { AlertPolicy, Silence } from '../api/wire-alerts.ts';
import { now } from '../now.ts';
import { Confirm } from '../part/confirm.tsx';
import { Choice } from '../part/inputs.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { alertingPath, mayChangeAlerts } from './alerts-frame.tsx';

const HOURS = [
  ['1', 'for an hour'],
  ['4', 'for four hours'],
  ['24', 'for a day'],
  ['168', 'for a week'],
] as const;

interface SilencePolicyProps {
  readonly policy: AlertPolicy;
  readonly onDone: () => void;
}

/** Has a policy tell nobody for a while. */
export function SilencePolicy({ policy: { id, name }, onDone }: SilencePolicyProps) {
  const [hours, setHours] = useState<(typeof HOURS)[number][0]>('4');
  const work = () => {
    const [start, length] = [now(), Number(hours) * 3_600_000];
    const end = new Date(start.getTime() + length);
    const times = { start_time: start.toISOString(), end_time: end.toISOString() };
    return ask('POST', alertingPath('silences'), { body: [{ policy_id: id, ...times }] });
  };
  return (
    <Confirm
      label="Silence"
      kind="small"
      title={`Silence ${name}?`}
      work={work}
      done="The policy is silent."
      onDone={onDone}
    >
      <p>What happens meanwhile is not told later either.</p>
      <Choice label="How long" name="hours" value={hours} options={HOURS} onPick={setHours} />
    </Confirm>
  );
}

interface SilencesProps {
  readonly silences: readonly Silence[];
  readonly policies: readonly AlertPolicy[];
  readonly again: () => void;
}

/** Times in which policies tell nobody, those that are over left out. */
export function Silences({ silences, policies, again }: SilencesProps) {
  const there = silences.filter(({ end_time: end }) => Date.parse(end) > now().getTime());
  if (there.length === 0) return <p class="quiet">No policy is silent.</p>;
  return <Table of="Silences" rows={there} columns={columnsFor(policies, again)} keyOf={({ id }) => id} />;
}

const columnsFor = (policies: readonly AlertPolicy[], again: () => void): readonly Column<Silence>[] => [
  {
    name: 'Policy',
    kind: 'wide',
    cell: ({ policy_id: id }) => (
      <bdi class="breaks">{policies.find((one) => one.id === id)?.name ?? id}</bdi>
    ),
  },
  { name: 'From', cell: ({ start_time: at }) => <Time at={at} /> },
  { name: 'Until', cell: ({ end_time: at }) => <Time at={at} /> },
  ...(mayChangeAlerts()
    ? [
        {
          name: 'Change',
          cell: ({ id }: Silence) => (
            <Confirm
              label="End it"
              kind="small"
              title="End the silence?"
              work={() => ask('DELETE', alertingPath(`silences/${part(id)}`))}
              done="The silence is over."
              onDone={again}
            />
          ),
        },
      ]
    : []),
];
