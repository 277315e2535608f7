import { useState } from 'preact/hooks';
import { ZONE_STATUSES } from '../../pack/pack.ts';
import { useAnswer, useDoing } from '../api/answer.ts';
import { ask, withQuery } from '../api/client.ts';
import type { Zone } from '../api/wire.ts';
import { say } from '../part/announce.tsx';
import { ZoneBadge } from '../part/badge.tsx';
import { Rest, Select } from '../part/field.tsx';
import { Choice, Search, Text } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { go, href, route } from '../route.ts';
import { may, reachOf } from '../session.ts';

const COLUMNS: readonly Column<Zone>[] = [
  {
    name: 'Zone',
    kind: 'wide',
    cell: ({ id, name }) => (
      <a href={href(['zones', id])}>
        <bdi>{name}</bdi>
      </a>
    ),
  },
  { name: 'Status', cell: (zone) => <ZoneBadge {...zone} /> },
  { name: 'Type', cell: ({ type }) => type },
  { name: 'Created', cell: ({ created_on: at }) => <Time at={at} isShort /> },
];

export function Zones() {
  const { query } = route.value;
  const [name, status, page] = ['name', 'status', 'page'].map((one) => query.get(one) ?? undefined);
  const isAllowed = reachOf('Zone Read') !== undefined;
  const filter = { name: name && `contains:${name}`, status };
  const path = withQuery('/zones', { ...filter, page, per_page: '50', order: 'name' });
  const answer = useAnswer<readonly Zone[]>(isAllowed ? path : undefined, 30);
  return (
    <>
      <Head title="Zones" name="Zones">
        {may('SSL and Certificates Read') && (
          <>
            <a class="button" href={href(['moves'])}>
              Moving in
            </a>
            <a class="button" href={href(['csrs'])}>
              Requests for certificates
            </a>
          </>
        )}
      </Head>
      {!isAllowed && <NotAllowed permission="Zone Read" />}
      {isAllowed && (
        <div class="stack">
          <Filters name={name ?? ''} status={status ?? ''} />
          <Shown of={answer} what="zones">
            {({ result, info }) => (
              <div>
                {result.length > 0 ? (
                  <Table of="Zones" rows={result} columns={COLUMNS} keyOf={({ id }) => id} />
                ) : (
                  <Empty title={name || status ? 'No zone fits these filters.' : 'There are no zones yet.'} />
                )}
                <Pages info={info} parts={['zones']} query={{ name, status }} what="zone" />
              </div>
            )}
          </Shown>
          {may('Zone Write') && <NewZone />}
        </div>
      )}
    </>
  );
}

const STATUSES = [['', 'Any status'], ...ZONE_STATUSES.map((one) => [one, one] as const)] as const;

const Filters = ({ name, status }: { readonly name: string; readonly status: string }) => (
  <Search
    of="Zones"
    label="Name, or a part of it"
    name="name"
    value={name}
    onSearch={(text) => go(['zones'], { name: text, status })}
  >
    <Select
      label="Status"
      value={STATUSES.find(([one]) => one === status)?.[0] ?? ''}
      options={STATUSES}
      onPick={(picked) => go(['zones'], { name, status: picked })}
    />
  </Search>
);

const TYPES = [
  ['full', 'full'],
  ['partial', 'partial'],
] as const;
const SAYS = {
  full: 'This service answers its DNS, and publishes what validation needs.',
  partial: 'Its DNS stays where it is.',
} as const;

/** Makes a zone, and shows it. */
function NewZone() {
  const [name, setName] = useState('');
  const [type, setType] = useState<Zone['type']>('full');
  const doing = useDoing();
  const submit = (event: Event) => {
    event.preventDefault();
    void doing.run(async () => {
      const { result } = await ask<Zone>('POST', '/zones', { body: { name: name.trim(), type } });
      say(`The zone ${result.name} is made.`);
      go(['zones', result.id]);
    });
  };
  return (
    <Section title="New zone">
      <form class="form" noValidate onSubmit={submit}>
        <Text
          label="Name"
          name="zone"
          placeholder="example.com"
          value={name}
          onText={setName}
          wrong={doing.refusal?.of('name')}
        />
        <Choice label="Type" name="type" value={type} options={TYPES} onPick={setType} hint={SAYS[type]} />
        <Rest refusal={doing.refusal} fields={['name']} />
        <div class="buttons">
          <button type="submit" class="primary" aria-disabled={doing.isDoing}>
            Make the zone
          </button>
        </div>
      </form>
    </Section>
  );
}
