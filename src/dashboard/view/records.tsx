/** The DNS records of a zone that this service answers. */
import { useAnswer } from '../api/answer.ts';
import { ask, part, withQuery } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { DnsRecord, Zone } from '../api/wire.ts';
import { Confirm } from '../part/confirm.tsx';
import { Dialog, useDialog } from '../part/dialog.tsx';
import { Search } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { go, href, route } from '../route.ts';
import { may } from '../session.ts';
import { RecordForm } from './record-form.tsx';
import type { ViewProps } from './view.ts';
import { ZoneFile } from './zone-file.tsx';

export function Records({ of: { zone: id = '' } }: ViewProps) {
  const { query } = route.value;
  const [search, page] = ['search', 'page'].map((one) => query.get(one) ?? undefined);
  const isAllowed = may('DNS Read', id);
  const zone = useAnswer<Zone>(zonePath(id));
  const path = withQuery(`${zonePath(id)}/dns_records`, { search, page, per_page: '100', order: 'name' });
  const answer = useAnswer<readonly DnsRecord[]>(isAllowed ? path : undefined);
  const name = zone.reply?.result.name ?? 'the zone';
  return (
    <>
      <Head
        title="DNS records"
        name={`DNS records, ${name}`}
        above={<a href={href(['zones', id])}>{name}</a>}
      />
      {!isAllowed && <NotAllowed permission="DNS Read" />}
      {isAllowed && (
        <div class="stack">
          <Search
            of="DNS records"
            label="Name, content or comment"
            name="search"
            value={search ?? ''}
            onSearch={(text) => go(['zones', id, 'dns'], { search: text })}
          />
          <Shown of={answer} what="records">
            {({ result, info }) => (
              <div>
                <List zoneId={id} records={result} isSearch={Boolean(search)} again={answer.again} />
                <Pages info={info} parts={['zones', id, 'dns']} query={{ search }} what="record" />
              </div>
            )}
          </Shown>
          {may('DNS Write', id) && (
            <Section title="New record">
              <RecordForm zoneId={id} onDone={answer.again} />
            </Section>
          )}
          <ZoneFile zoneId={id} name={name} mayWrite={may('DNS Write', id)} onDone={answer.again} />
        </div>
      )}
    </>
  );
}

interface ListProps {
  readonly zoneId: string;
  readonly records: readonly DnsRecord[];
  readonly isSearch: boolean;
  readonly again: () => void;
}

const List = ({ zoneId, records, isSearch, again }: ListProps) =>
  records.length > 0 ? (
    <Table of="DNS records" rows={records} columns={columnsFor(zoneId, again)} keyOf={({ id }) => id} />
  ) : (
    <Empty title={isSearch ? 'No record fits.' : 'There are no records yet.'} />
  );

/** A TTL of 1 is left to the service. */
const ttlOf = ({ ttl }: DnsRecord): string => (ttl === 1 ? 'auto' : `${ttl} s`);

const columnsFor = (zoneId: string, again: () => void): readonly Column<DnsRecord>[] => [
  { name: 'Name', kind: 'wide', cell: ({ name }) => <bdi class="breaks">{name}</bdi> },
  { name: 'Type', cell: ({ type }) => type },
  {
    name: 'Content',
    kind: 'wide',
    cell: (record) => (
      <bdi class="breaks">
        {record.priority === undefined ? '' : `${record.priority} `}
        {record.content}
      </bdi>
    ),
  },
  { name: 'TTL', cell: ttlOf },
  { name: 'Comment', kind: 'free', cell: ({ comment }) => <bdi class="breaks">{comment ?? ''}</bdi> },
  { name: 'Proxied', cell: ({ proxied }) => (proxied ? 'yes' : 'no') },
  ...(may('DNS Write', zoneId)
    ? [
        {
          name: 'Change',
          cell: (record: DnsRecord) => (
            <span class="buttons">
              <Change zoneId={zoneId} record={record} again={again} />
              <Delete zoneId={zoneId} record={record} again={again} />
            </span>
          ),
        },
      ]
    : []),
];

interface DeleteProps {
  readonly zoneId: string;
  readonly record: DnsRecord;
  readonly again: () => void;
}

function Change({ zoneId, record, again }: DeleteProps) {
  const dialog = useDialog();
  const done = () => {
    dialog.close();
    again();
  };
  return (
    <>
      <button type="button" class="small" onClick={dialog.open}>
        Change
      </button>
      <Dialog of={dialog} title={`Change the ${record.type} record of ${record.name}`}>
        <RecordForm zoneId={zoneId} record={record} onDone={done} onCancel={dialog.close} />
      </Dialog>
    </>
  );
}

const Delete = ({ zoneId, record, again }: DeleteProps) => (
  <Confirm
    label="Delete"
    kind="small"
    title={`Delete the ${record.type} record of ${record.name}?`}
    work={() => ask('DELETE', `${zonePath(zoneId)}/dns_records/${part(record.id)}`)}
    done="The record is deleted."
    onDone={again}
  >
    <p>
      <code>{record.content}</code>
    </p>
  </Confirm>
);
