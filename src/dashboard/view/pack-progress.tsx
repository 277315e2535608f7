/** How far a pack is, what it waits for, and whose move it is. */
import type { PackStatus } from '../../pack/pack.ts';
import type { Answer } from '../api/answer.ts';
import type { Pack } from '../api/wire.ts';
import type { Evidence, Explanation, PackEvent } from '../api/wire-pack.ts';
import { Badge } from '../part/badge.tsx';
import { Facts, Section } from '../part/section.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { PACK_WORDS, plain, type Tone } from '../words.ts';

const STEPS = ['Order', 'Control of the hosts', 'Issue', 'Edges'] as const;

/** How many of the steps a pack has behind it in each status; undefined: the way to the edges says nothing about it. */
const DONE: Readonly<Partial<Record<PackStatus, number>>> = {
  initializing: 0,
  initializing_timed_out: 0,
  pending_validation: 1,
  validation_timed_out: 1,
  pending_issuance: 2,
  issuance_timed_out: 2,
  holding_deployment: 3,
  pending_deployment: 3,
  staging_deployment: 3,
  deployment_timed_out: 3,
  backup_issued: 3,
  active: 4,
  staging_active: 4,
  pending_expiration: 4,
};

interface ProgressProps {
  readonly pack: Pack;
  readonly explained: Answer<Explanation>;
  /** The latest first. */
  readonly events: readonly PackEvent[];
}

/** Where the pack is explained that is said; else the little that its status tells. */
export function Progress({ pack, explained: { reply }, events }: ProgressProps) {
  const { says } = PACK_WORDS[pack.status];
  return (
    <Section title="Progress" aside={reply && <Move whose={reply.result.whose_move} />}>
      <Steps status={pack.status} events={events} />
      {reply ? (
        <Explained it={reply.result} />
      ) : (
        <>
          <p>{says}</p>
          <Reasons of={pack.validation_errors.map(({ message }) => message)} />
        </>
      )}
    </Section>
  );
}

function Steps({ status, events }: { readonly status: PackStatus; readonly events: readonly PackEvent[] }) {
  const done = DONE[status];
  if (done === undefined) return null;
  return (
    <ol class="steps">
      {STEPS.map((step, i) => (
        <li
          key={step}
          class={stateOf(i, done, PACK_WORDS[status].tone)}
          {...(i === done && { 'aria-current': 'step' as const })}
        >
          {step}
          <span class="unseen">{i < done ? ' (done)' : ''}</span>
          {i < done && <Done on={events.find(({ cause }) => cause === CAUSES[i])} />}
        </li>
      ))}
    </ol>
  );
}

/** What is recorded when a step is done. */
const CAUSES = ['challenges_named', 'control_shown', 'certificates_issued', 'served_by_every_edge'] as const;

const Done = ({ on }: { readonly on: PackEvent | undefined }) => (on ? <Time at={on.time} isShort /> : null);

function stateOf(step: number, done: number, tone: Tone): string {
  if (step < done) return 'done';
  if (step > done) return 'ahead';
  return tone === 'bad' ? 'now bad' : 'now';
}

// What a newer service names is shown by that name.
const MOVES: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  customer: { word: 'the customer’s move', tone: 'wait' },
  operator: { word: 'the operator’s move', tone: 'bad' },
  ca: { word: 'the CA’s move', tone: 'busy' },
  us: { word: 'our move', tone: 'busy' },
};

const Move = ({ whose }: { readonly whose: Explanation['whose_move'] }) =>
  whose === null ? null : <Badge {...(MOVES[whose] ?? { word: whose, tone: 'off' })} />;

const Explained = ({ it }: { readonly it: Explanation }) => (
  <>
    <p>
      <bdi>{it.waits_for}.</bdi>
    </p>
    {!it.reasons.some((reason) => reason.endsWith(it.next_step)) && (
      <p>
        <strong>Next:</strong> <bdi>{it.next_step}.</bdi>
      </p>
    )}
    <Facts of={timesOf(it)} />
    <Reasons of={it.reasons.length > 1 || it.reasons[0] !== it.waits_for ? it.reasons : []} />
    {it.notes.map((note) => (
      <p key={note} class="quiet">
        <bdi>{note}</bdi>
      </p>
    ))}
    {it.evidence.length > 0 && (
      <details class="below">
        <summary>Who answered what</summary>
        <Table of="Who answered what" rows={it.evidence} columns={COLUMNS} keyOf={keyOf} />
      </details>
    )}
  </>
);

const timesOf = ({ since, deadline, after_deadline: then, next_look_on: look, renewal }: Explanation) =>
  [
    { name: 'Since', value: <Time at={since} /> },
    {
      name: 'Until',
      value: deadline && (
        <>
          <Time at={deadline} />
          {then !== undefined && <span class="quiet">, then {plain(then)}</span>}
        </>
      ),
    },
    { name: 'Next look', value: look && <Time at={look} /> },
    { name: 'Renewal', value: renewal && <Renewal times={renewal} /> },
  ].filter(({ value }) => Boolean(value));

/** When the certificates are renewed, from the time that is planned to the one at which they end. */
const Renewal = ({
  times: {
    planned_on: planned,
    asked_on: asked,
    begun_on: begun,
    given_up_on: last,
    certificates_end_on: end,
  },
}: {
  readonly times: NonNullable<Explanation['renewal']>;
}) => (
  <ul class="plain">
    {begun !== undefined && (
      <li>
        begun <Time at={begun} />
      </li>
    )}
    {planned !== undefined && begun === undefined && (
      <li>
        planned for <Time at={planned} />
      </li>
    )}
    {asked !== undefined && (
      <li class="quiet">
        the CA is asked for its window again <Time at={asked} isShort />
      </li>
    )}
    {last !== undefined && (
      <li class="quiet">
        given up <Time at={last} isShort />, unless renewed
      </li>
    )}
    {end !== undefined && (
      <li class="quiet">
        the first certificate ends <Time at={end} isShort />
      </li>
    )}
  </ul>
);

const Reasons = ({ of }: { readonly of: readonly string[] }) =>
  of.length === 0 ? null : (
    <>
      <h3>What is in the way</h3>
      <ul class="causes">
        {of.map((reason) => (
          <li key={reason}>
            <bdi>{reason}</bdi>
          </li>
        ))}
      </ul>
    </>
  );

const keyOf = ({ by, who, about, at }: Evidence): string => [by, who, about, at].join(' ');

const COLUMNS: readonly Column<Evidence>[] = [
  {
    name: 'Who',
    kind: 'free',
    cell: ({ by, who }) => (
      <>
        <span class="quiet">{plain(by)}</span> <bdi>{who}</bdi>
      </>
    ),
  },
  { name: 'About', kind: 'free', cell: ({ about }) => <bdi class="breaks">{about}</bdi> },
  { name: 'Said', kind: 'wide', cell: ({ said }) => <bdi class="breaks">{said}</bdi> },
  { name: 'When', cell: ({ at }) => <Time at={at} isShort /> },
];
