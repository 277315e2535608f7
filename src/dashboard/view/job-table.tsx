import type { BulkJob } from '../api/wire-account.ts';
import { Badge } from '../part/badge.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { count } from '../words.ts';
import { DOINGS, JOB_TONES } from './bulk-words.ts';
import { fromJobFilter, wordsOf } from './packs-filter.ts';

/** Which packs a job is on. */
export function scopeOf({ filter, packs_given: given }: BulkJob): string {
  if (given !== undefined) return `${count(given, 'pack')}, named one by one`;
  return wordsOf(fromJobFilter(filter ?? {})).join(', ') || 'all packs';
}

const COLUMNS: readonly Column<BulkJob>[] = [
  { name: 'Job', cell: (job) => <a href={href(['bulk', job.id])}>{DOINGS[job.action].name}</a> },
  { name: 'Packs', kind: 'free', cell: (job) => <bdi class="breaks">{scopeOf(job)}</bdi> },
  { name: 'Status', cell: ({ status }) => <Badge word={status} tone={JOB_TONES[status] ?? 'off'} /> },
  { name: 'Of', kind: 'number', cell: ({ matched }) => matched.toLocaleString('en') },
  { name: 'Done', kind: 'number', cell: ({ done }) => done.toLocaleString('en') },
  { name: 'Refused', kind: 'number', cell: ({ failed }) => failed.toLocaleString('en') },
  { name: 'Begun', cell: ({ created_on: at }) => <Time at={at} isShort /> },
];

/** The last operations on many packs. */
export const JobTable = ({ jobs }: { readonly jobs: readonly BulkJob[] }) => (
  <Table of="Jobs" rows={jobs} columns={COLUMNS} keyOf={({ id }) => id} />
);
