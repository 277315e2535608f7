/** Acts on many packs at once: how many they are comes first, and the last jobs are below. */
import { useState } from 'preact/hooks';
import type { BulkAction } from '../../pack/bulk.ts';
import { useAnswer, useDoing } from '../api/answer.ts';
import { ask, type Refusal } from '../api/client.ts';
import type { BulkJob, DryRun } from '../api/wire-account.ts';
import { Confirm } from '../part/confirm.tsx';
import { Rest } from '../part/field.tsx';
import { Choice } from '../part/inputs.tsx';
import { Head, Section } from '../part/section.tsx';
import { NotAllowed, Shown } from '../part/state.tsx';
import { go, href, route } from '../route.ts';
import { may } from '../session.ts';
import { count } from '../words.ts';
import { bulkPath, DOINGS, REASONS, type Reason } from './bulk-words.ts';
import { JobTable } from './job-table.tsx';
import { filterOf, type PackFilter, toJobFilter, wordsOf } from './packs-filter.ts';

export function Bulk() {
  const filter = filterOf(route.value.query);
  const mayWrite = may('SSL and Certificates Write', filter.zone_id);
  return (
    <>
      <Head
        title="Act on many packs"
        name="Act on many packs"
        above={<a href={href(['packs'], filter)}>Packs</a>}
      />
      <div class="stack">
        {mayWrite ? (
          <Wish key={JSON.stringify(filter)} filter={filter} />
        ) : (
          <NotAllowed permission="SSL and Certificates Write" />
        )}
        <Jobs />
      </div>
    </>
  );
}

interface WishState {
  readonly action: BulkAction;
  readonly reason: Reason;
}

const ACTIONS = [
  ['restart', DOINGS.restart.name],
  ['failover', DOINGS.failover.name],
  ['revoke', DOINGS.revoke.name],
] as const;

function Wish({ filter }: { readonly filter: PackFilter }) {
  const [wish, setWish] = useState<WishState>({ action: 'restart', reason: 'unspecified' });
  const [dry, setDry] = useState<DryRun>();
  const doing = useDoing();
  const body = {
    action: wish.action,
    filter: toJobFilter(filter),
    ...(wish.action === 'revoke' && { reason: wish.reason }),
  };
  const set = (change: Partial<WishState>) => {
    setWish({ ...wish, ...change });
    setDry(undefined);
  };
  const look = async (event: Event) => {
    event.preventDefault();
    await doing.run(async () => {
      setDry((await ask<DryRun>('POST', bulkPath(), { body: { ...body, dry_run: true } })).result);
    });
  };
  return (
    <Section title="A new job">
      <form class="form" noValidate onSubmit={(event) => void look(event)}>
        <Which filter={filter} />
        <Choices wish={wish} set={set} refusal={doing.refusal} />
        <Rest refusal={doing.refusal} fields={['action', 'reason']} />
        <div class="buttons">
          <button type="submit" class={dry ? '' : 'primary'} aria-disabled={doing.isDoing}>
            {doing.isDoing ? 'Counting …' : 'Count them first'}
          </button>
        </div>
      </form>
      <div role="status">{dry && <Counted dry={dry} action={wish.action} body={body} />}</div>
    </Section>
  );
}

interface ChoicesProps {
  readonly wish: WishState;
  readonly set: (change: Partial<WishState>) => void;
  readonly refusal: Refusal | undefined;
}

const Choices = ({ wish, set, refusal }: ChoicesProps) => (
  <div class="row">
    <Choice
      label="What is done to each"
      name="action"
      hint={DOINGS[wish.action].says}
      wrong={refusal?.of('action')}
      value={wish.action}
      options={ACTIONS}
      onPick={(action) => set({ action })}
    />
    {wish.action === 'revoke' && (
      <Choice
        label="Reason, which the CA is told"
        name="reason"
        wrong={refusal?.of('reason')}
        value={wish.reason}
        options={REASONS}
        onPick={(reason) => set({ reason })}
      />
    )}
  </div>
);

function Which({ filter }: { readonly filter: PackFilter }) {
  const words = wordsOf(filter);
  return (
    <p>
      {words.length === 0 ? (
        <strong>All packs of the account.</strong>
      ) : (
        <>
          Packs that are{' '}
          {words.map((word, i) => (
            <span key={word}>
              {i > 0 && ', '}
              <strong>
                <bdi>{word}</bdi>
              </strong>
            </span>
          ))}
          .
        </>
      )}{' '}
      <a href={href(['packs'], filter)}>Choose others</a>
    </p>
  );
}

interface CountedProps {
  readonly dry: DryRun;
  readonly action: BulkAction;
  readonly body: object;
}

/** What a dry run told, and the job with just that number. */
function Counted({ dry: { count: n, packs }, action, body }: CountedProps) {
  if (n === 0) return <p class="below">No pack fits: there is nothing to do.</p>;
  const { name, phrase, warns } = DOINGS[action];
  const begin = async () => {
    const { result } = await ask<BulkJob>('POST', bulkPath(), { body: { ...body, expected_count: n } });
    go(['bulk', result.id]);
  };
  return (
    <div class="below">
      <p>
        <strong>{count(n, 'pack')}</strong> {n === 1 ? 'fits' : 'fit'}.
      </p>
      <details>
        <summary>{n > packs.length ? `The first ${packs.length}` : 'Which'}</summary>
        <ul class="plain">
          {packs.map(({ zone_id: zone, id }) => (
            <li key={id}>
              <a href={href(['zones', zone, 'packs', id])}>
                <code>{id}</code>
              </a>
            </li>
          ))}
        </ul>
      </details>
      <div class="buttons below">
        <Confirm
          label={`${name} ${count(n, 'pack')}`}
          title={`${name} ${count(n, 'pack')}?`}
          kind={action === 'revoke' ? 'danger' : 'primary'}
          {...(phrase !== undefined && { phrase: `${phrase} ${n}` })}
          work={begin}
          done="The job has begun."
        >
          <p>{warns}</p>
        </Confirm>
      </div>
    </div>
  );
}

function Jobs() {
  const isAllowed = may('SSL and Certificates Read');
  const answer = useAnswer<readonly BulkJob[]>(isAllowed ? bulkPath() : undefined, 5);
  return (
    <Section title="The last jobs">
      {isAllowed ? (
        <Shown of={answer} what="the jobs">
          {({ result }) =>
            result.length === 0 ? <p class="quiet">None yet.</p> : <JobTable jobs={result} />
          }
        </Shown>
      ) : (
        <p class="quiet">Your token is limited to certain zones; the list is for those that are not.</p>
      )}
    </Section>
  );
}
