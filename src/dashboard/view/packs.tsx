/** The packs of all zones of the account, by filters that stand in the address. */
import { CERTIFICATE_AUTHORITIES, PACK_STATUSES, PACK_TYPES } from '../../pack/pack.ts';
import { PACK_GROUPS } from '../../pack/pack-group.ts';
import { type Answer, useAnswer } from '../api/answer.ts';
import { withQuery } from '../api/client.ts';
import type { ListedPack } from '../api/wire.ts';
import { Select } from '../part/field.tsx';
import { Search } from '../part/inputs.tsx';
import { Walk } from '../part/pager.tsx';
import { Head } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { go, href, route } from '../route.ts';
import { accountId, reachOf } from '../session.ts';
import { caName, GROUP_WORDS, plain } from '../words.ts';
import { PackTable } from './pack-table.tsx';
import { Export } from './packs-export.tsx';
import { filterOf, type PackFilter, toParameters } from './packs-filter.ts';
import { ZoneChoice, ZoneName } from './zone-choice.tsx';

const PER_PAGE = '50';
export function Packs() {
  const filter = filterOf(route.value.query);
  const reach = reachOf('SSL and Certificates Read');
  if (reach === undefined || (reach !== 'all' && filter.zone_id === undefined))
    return (
      <>
        <Head title="Packs" name="Packs" />
        {reach ? <ZoneChoice zones={reach} /> : <NotAllowed permission="SSL and Certificates Read" />}
      </>
    );
  return <Filtered filter={filter} />;
}

function Filtered({ filter }: { readonly filter: PackFilter }) {
  const path = withQuery(`/accounts/${accountId()}/ssl/certificate_packs`, {
    ...toParameters(filter),
    per_page: PER_PAGE,
    cursor: route.value.query.get('cursor') ?? undefined,
  });
  const answer = useAnswer<readonly ListedPack[]>(path, 15);
  return (
    <>
      <Head title="Packs" name="Packs">
        <Acts filter={filter} />
      </Head>
      <Filters filter={filter} />
      <Beside filter={filter} />
      <List answer={answer} filter={filter} />
    </>
  );
}

/** What can be done with all packs that fit. */
const Acts = ({ filter }: { readonly filter: PackFilter }) => (
  <>
    <a class="button" href={href(['bulk'], filter)}>
      Act on these packs
    </a>
    <Export filter={filter} />
  </>
);

interface ListProps {
  readonly answer: Answer<readonly ListedPack[]>;
  readonly filter: PackFilter;
}

const List = ({ answer, filter }: ListProps) => (
  <Shown of={answer} what="packs">
    {({ result, info }) => (
      <>
        {result.length > 0 && <PackTable packs={result} />}
        {result.length === 0 && info?.cursor !== undefined && (
          <Empty title="None among those looked at so far.">
            <p>There may be more: go on with “Next”.</p>
          </Empty>
        )}
        {result.length === 0 && info?.cursor === undefined && <None filter={filter} />}
        <Walk
          info={info}
          parts={['packs']}
          query={{ ...filter, cursor: route.value.query.get('cursor') ?? undefined }}
          what="pack"
        />
      </>
    )}
  </Shown>
);

const None = ({ filter }: { readonly filter: PackFilter }) =>
  Object.keys(filter).length > 0 ? (
    <Empty title="No pack fits these filters.">
      <p>
        <a href={href(['packs'])}>Show all packs</a>
      </p>
    </Empty>
  ) : (
    <Empty title="There are no packs yet.">
      <p>
        A pack is ordered in a zone: <a href={href(['zones'])}>to the zones</a>.
      </p>
    </Empty>
  );

const STATUSES = [['', 'Any status'], ...PACK_STATUSES.map((one) => [one, plain(one)] as const)] as const;
const GROUPS = [
  ['', 'Whatever they wait for'],
  ...PACK_GROUPS.map((one) => [one, GROUP_WORDS[one].name] as const),
] as const;
const CAS = [['', 'Any CA'], ...CERTIFICATE_AUTHORITIES.map((one) => [one, caName(one)] as const)] as const;
const TYPES = [['', 'Any type'], ...PACK_TYPES.map((one) => [one, plain(one)] as const)] as const;
const DEPLOYS = [
  ['', 'Any environment'],
  ['production', 'production'],
  ['staging', 'staging'],
] as const;

const ORDERS = [
  ['', 'Oldest first'],
  ['expires_on', 'Soonest end first'],
] as const;

interface FilterChoice {
  readonly name: keyof PackFilter;
  readonly label: string;
  readonly options: readonly (readonly [string, string])[];
}

const CHOICES: readonly FilterChoice[] = [
  { name: 'status', label: 'Status', options: STATUSES },
  { name: 'group', label: 'Waits for', options: GROUPS },
  { name: 'certificate_authority', label: 'CA', options: CAS },
  { name: 'type', label: 'Type', options: TYPES },
  { name: 'deploy', label: 'Environment', options: DEPLOYS },
  { name: 'order', label: 'Order', options: ORDERS },
];

/** A group stands for several statuses: one of both. */
const withChoice = (filter: PackFilter, name: keyof PackFilter, value: string): PackFilter => ({
  ...filter,
  ...(name === 'status' && { group: '' }),
  ...(name === 'group' && { status: '' }),
  [name]: value,
});

const Filters = ({ filter }: { readonly filter: PackFilter }) => (
  <Search
    of="Packs"
    label="Host, or what its name ends in"
    name="host"
    value={filter.host ?? ''}
    placeholder="shop.example.com"
    onSearch={(host) => go(['packs'], { ...filter, host })}
  >
    {CHOICES.map(({ name, label, options }) => (
      <Select
        key={name}
        label={label}
        value={options.find(([one]) => one === filter[name])?.[0] ?? ''}
        options={options}
        onPick={(value) => go(['packs'], withChoice(filter, name, value))}
      />
    ))}
    {Object.keys(filter).length > 0 && <a href={href(['packs'])}>Clear</a>}
  </Search>
);

/** What the address asks for beside what there are fields for. */
const Beside = ({ filter }: { readonly filter: PackFilter }) => {
  const { zone_id: zone, expires_after: after, expires_before: before } = filter;
  if (zone === undefined && after === undefined && before === undefined) return null;
  return (
    <p class="beside">
      {zone !== undefined && (
        <>
          In the zone <ZoneName id={zone} />.{' '}
        </>
      )}
      {(after ?? before) !== undefined && (
        <>
          With certificates that end{after && ` from ${after} on`}
          {before && ` before ${before}`}.
        </>
      )}
    </p>
  );
};
