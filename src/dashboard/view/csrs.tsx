/** Requests for certificates of a zone, or of the account for any of its zones: their keys are made and kept here, and find the certificates that come back. */
import { useState } from 'preact/hooks';
import { useAnswer, useDoing } from '../api/answer.ts';
import { ask, part, type Refusal, withQuery } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { CustomCsr } from '../api/wire-hostnames.ts';
import { say } from '../part/announce.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Copy } from '../part/copy.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Choice, Text } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { href, route } from '../route.ts';
import { accountId, may } from '../session.ts';
import type { ViewProps } from './view.ts';
import { ZoneName } from './zone-choice.tsx';

/** Whose requests they are: those of a zone, or where there is none, of the account. */
interface OwnerProps {
  readonly zoneId?: string;
}

const csrsPath = ({ zoneId }: OwnerProps): string =>
  `${zoneId === undefined ? `/accounts/${accountId()}` : zonePath(zoneId)}/custom_csrs`;
const mayChange = ({ zoneId }: OwnerProps): boolean => may('SSL and Certificates Write', zoneId);

export function Csrs({ of: { zone: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Read', id);
  return (
    <>
      <Head
        title="Requests for certificates"
        name="Requests for certificates"
        above={
          <>
            <a href={href(['zones', id])}>
              <ZoneName id={id} />
            </a>{' '}
            / <a href={href(['zones', id, 'certificates'])}>custom certificates</a>
          </>
        }
      />
      {isAllowed ? <Allowed zoneId={id} /> : <NotAllowed permission="SSL and Certificates Read" />}
    </>
  );
}

/** Those of the account: a certificate that comes back for one can be uploaded into any of its zones. */
export function AccountCsrs() {
  const isAllowed = may('SSL and Certificates Read');
  return (
    <>
      <Head
        title="Requests for certificates"
        name="Requests for certificates, account"
        above={<a href={href(['zones'])}>Zones</a>}
      />
      {isAllowed ? <Allowed /> : <NotAllowed permission="SSL and Certificates Read" isForAll />}
    </>
  );
}

function Allowed(owner: OwnerProps) {
  const parts = owner.zoneId === undefined ? ['csrs'] : ['zones', owner.zoneId, 'csrs'];
  const page = route.value.query.get('page') ?? undefined;
  const answer = useAnswer<readonly CustomCsr[]>(withQuery(csrsPath(owner), { page, per_page: '50' }));
  return (
    <div class="stack">
      <Shown of={answer} what="requests">
        {({ result, info }) =>
          result.length > 0 ? (
            <div>
              <Table
                of="Requests for certificates"
                rows={result}
                columns={columnsFor(owner, answer.again)}
                keyOf={({ id }) => id}
              />
              <Pages info={info} parts={parts} query={{}} what="request" />
            </div>
          ) : (
            <Empty title="There are no requests yet.">
              <p>One goes to a CA of yours; the certificate that comes back is uploaded without a key.</p>
            </Empty>
          )
        }
      </Shown>
      {mayChange(owner) && (
        <Section title="Make a request">
          <CsrForm owner={owner} onDone={answer.again} />
        </Section>
      )}
    </div>
  );
}

const columnsFor = (owner: OwnerProps, again: () => void): readonly Column<CustomCsr>[] => [
  {
    name: 'Common name',
    kind: 'wide',
    cell: ({ common_name: name, sans }) => (
      <span title={sans.join('\n')}>
        <bdi>{name}</bdi>
        {sans.length > 0 && <span class="quiet">, {sans.length} hosts</span>}
      </span>
    ),
  },
  { name: 'Name', kind: 'free', cell: ({ name }) => <bdi class="breaks">{name}</bdi> },
  { name: 'Key', cell: ({ key_type: type }) => type },
  { name: 'Made', cell: ({ created_at: at }) => <Time at={at} isShort /> },
  {
    name: 'Change',
    cell: ({ id, common_name: name, csr }) => (
      <span class="buttons">
        <Copy text={csr} what={`the request for ${name}`}>
          Copy the request
        </Copy>
        {mayChange(owner) && (
          <Confirm
            label="Delete"
            kind="small"
            title={`Delete the request for ${name}?`}
            work={() => ask('DELETE', `${csrsPath(owner)}/${part(id)}`)}
            done="The request is deleted."
            onDone={again}
          >
            <p>Its key goes with it: a certificate that comes back for it is of no use then.</p>
          </Confirm>
        )}
      </span>
    ),
  },
];

const TEXTS = [
  ['common_name', 'Common name'],
  ['organization', 'Organization'],
  ['country', 'Country, by two letters'],
  ['state', 'State'],
  ['locality', 'Locality'],
  ['name', 'Name, for you'],
] as const;
const KEYS = [
  ['rsa2048', 'RSA, 2048 bits'],
  ['p256v1', 'ECDSA, P-256'],
] as const;
const FIELDS = [...TEXTS.map(([field]) => field), 'sans', 'key_type'];

type Draft = Readonly<Record<(typeof TEXTS)[number][0] | 'sans', string>> & {
  readonly key_type: (typeof KEYS)[number][0];
};
const EMPTY: Draft = {
  common_name: '',
  organization: '',
  country: '',
  state: '',
  locality: '',
  name: '',
  sans: '',
  key_type: 'rsa2048',
};

function CsrForm({ owner, onDone }: { readonly owner: OwnerProps; readonly onDone: () => void }) {
  const [draft, setDraft] = useState(EMPTY);
  const doing = useDoing();
  const work = () =>
    ask('POST', csrsPath(owner), {
      body: { ...draft, sans: draft.sans.split(/[\s,]+/).filter(Boolean) },
    });
  const done = () => {
    say('The request is made.');
    setDraft(EMPTY);
    onDone();
  };
  return (
    <EditForm doing={doing} fields={FIELDS} label="Make it" work={work} onDone={done}>
      <Fields draft={draft} refusal={doing.refusal} set={(change) => setDraft({ ...draft, ...change })} />
    </EditForm>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly refusal: Refusal | undefined;
  readonly set: (change: Partial<Draft>) => void;
}

const Fields = ({ draft, refusal, set }: FieldsProps) => (
  <>
    {TEXTS.map(([field, label]) => (
      <Text
        key={field}
        label={label}
        name={field}
        wrong={refusal?.of(field)}
        value={draft[field]}
        onText={(text) => set({ [field]: text })}
      />
    ))}
    <Text
      label="Hosts"
      name="sans"
      hint="With blanks or on lines between. The common name is one of them."
      wrong={refusal?.of('sans')}
      rows={2}
      value={draft.sans}
      onText={(sans) => set({ sans })}
    />
    <Choice
      label="Key"
      name="key_type"
      value={draft.key_type}
      options={KEYS}
      onPick={(type) => set({ key_type: type })}
    />
  </>
);
