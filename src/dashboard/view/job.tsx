/** One operation on many packs: how far it is, and what was refused. */
import { useEffect, useRef } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import { ask, part } from '../api/client.ts';
import type { BulkJob } from '../api/wire-account.ts';
import { say } from '../part/announce.tsx';
import { Badge } from '../part/badge.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Facts, Head, Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { may } from '../session.ts';
import { count, plain } from '../words.ts';
import { bulkPath, DOINGS, JOB_TONES } from './bulk-words.ts';
import { scopeOf } from './job-table.tsx';
import { fromJobFilter } from './packs-filter.ts';
import type { ViewProps } from './view.ts';

const isUnderWay = ({ status }: BulkJob): boolean => status === 'running' || status === 'cancelling';

export function JobView({ of: { job: id = '' } }: ViewProps) {
  const isBusy = useRef(true);
  const answer = useAnswer<BulkJob>(`${bulkPath()}/${part(id)}`, isBusy.current ? 2 : 0);
  const job = answer.reply?.result;
  isBusy.current = job === undefined || isUnderWay(job);
  const last = useRef(job?.status);
  useEffect(() => {
    if (last.current && job && last.current !== job.status) say(`The job is ${plain(job.status)}.`);
    last.current = job?.status;
  }, [job?.status]);
  return (
    <>
      {!job && <Head title="Job" name="Job" above={<a href={href(['bulk'])}>Jobs</a>} />}
      <Shown of={answer} what="the job">
        {({ result }) => <Whole job={result} again={answer.again} />}
      </Shown>
    </>
  );
}

interface WholeProps {
  readonly job: BulkJob;
  readonly again: () => void;
}

function Whole({ job, again }: WholeProps) {
  const { name } = DOINGS[job.action];
  return (
    <>
      <Head
        name={`${name} ${count(job.matched, 'pack')}`}
        above={<a href={href(['bulk'])}>Jobs</a>}
        title={
          <>
            {name} {count(job.matched, 'pack')}{' '}
            <Badge word={job.status} tone={JOB_TONES[job.status] ?? 'off'} />
          </>
        }
      >
        {job.status === 'running' && may('SSL and Certificates Write', job.filter?.['zone_id']) && (
          <Confirm
            label="Stop the job"
            title="Stop the job?"
            work={() => ask('POST', `${bulkPath()}/${part(job.id)}/cancel`, { body: {} })}
            done="The job is being stopped."
            onDone={again}
          >
            <p>The packs in hand are done yet; what was done stays done.</p>
          </Confirm>
        )}
      </Head>
      <div class="stack">
        <HowFar job={job} />
        <Refusals job={job} />
      </div>
    </>
  );
}

function HowFar({ job }: { readonly job: BulkJob }) {
  const through = job.done + job.failed;
  return (
    <Section title={isUnderWay(job) ? 'Under way' : 'Over'}>
      <label class="progress">
        <span>
          {through.toLocaleString('en')} of {count(job.matched, 'pack')}
        </span>
        <progress value={through} max={Math.max(1, job.matched)} />
      </label>
      <Facts
        of={[
          { name: 'Done', value: job.done.toLocaleString('en') },
          { name: 'Refused', value: job.failed.toLocaleString('en') },
          ...(job.stopped_because === undefined
            ? []
            : [{ name: 'Stopped', value: <bdi>{job.stopped_because}</bdi> }]),
          ...(job.reason === undefined ? [] : [{ name: 'Reason', value: job.reason }]),
          {
            name: 'Packs',
            value: (
              <a href={href(['packs'], fromJobFilter(job.filter ?? {}))}>
                <bdi>{scopeOf(job)}</bdi>
              </a>
            ),
          },
          { name: 'Begun', value: <Time at={job.created_on} /> },
          { name: 'Over', value: <Time at={job.finished_on} /> },
        ]}
      />
    </Section>
  );
}

type Refused = NonNullable<BulkJob['failures']>[number];

const COLUMNS: readonly Column<Refused>[] = [
  {
    name: 'Pack',
    cell: ({ zone_id: zone, id }) => (
      <a href={href(['zones', zone, 'packs', id])}>
        <code>{id}</code>
      </a>
    ),
  },
  { name: 'Code', kind: 'number', cell: ({ code }) => String(code) },
  { name: 'Why', kind: 'wide', cell: ({ message }) => <bdi class="breaks">{message}</bdi> },
];

/** Codes with how often each was, and the first of the packs. */
function Refusals({ job: { failed, failures_by_code: byCode, failures = [] } }: { readonly job: BulkJob }) {
  if (failed === 0) return null;
  return (
    <Section title="Refused">
      <p>
        {Object.entries(byCode)
          .map(([code, n]) => `${n.toLocaleString('en')} with code ${code}`)
          .join(', ')}
        .
      </p>
      <Table of="Packs that were refused" rows={failures} columns={COLUMNS} keyOf={({ id }) => id} />
      {failures.length < failed && (
        <p class="quiet">
          The first {failures.length} of {failed.toLocaleString('en')}.
        </p>
      )}
    </Section>
  );
}
