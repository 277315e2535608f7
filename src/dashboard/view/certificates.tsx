/** The custom certificates of a zone: what its owner got elsewhere. */
import { CUSTOM_STATUSES, type CustomStatus } from '../../pack/custom-certificate.ts';
import { useAnswer } from '../api/answer.ts';
import { withQuery } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { Zone } from '../api/wire.ts';
import type { CustomCertificate } from '../api/wire-certificates.ts';
import { Badge } from '../part/badge.tsx';
import { Hosts } from '../part/hosts.tsx';
import { Choice } from '../part/inputs.tsx';
import { Pages } from '../part/pager.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Life, Time } from '../part/time.tsx';
import { go, href, route } from '../route.ts';
import { may } from '../session.ts';
import { plain, type Tone } from '../words.ts';
import { Changes } from './certificate-changes.tsx';
import { CertificateForm, certificatesPath } from './certificate-form.tsx';
import type { ViewProps } from './view.ts';

const TONES: Readonly<Record<CustomStatus, Tone>> = {
  active: 'good',
  initializing: 'busy',
  pending: 'wait',
  expired: 'bad',
  deleted: 'off',
};

type Filter = CustomStatus | '';
const FILTERS: readonly (readonly [Filter, string])[] = [
  ['', 'all but deleted ones'],
  ...CUSTOM_STATUSES.map((one) => [one, one] as const),
];

export function Certificates({ of: { zone: id = '' } }: ViewProps) {
  const { query } = route.value;
  const [status, page] = ['status', 'page'].map((one) => query.get(one) ?? undefined);
  const isAllowed = may('SSL and Certificates Read', id);
  const zone = useAnswer<Zone>(zonePath(id));
  const path = withQuery(certificatesPath(id), { status, page, per_page: '50' });
  const answer = useAnswer<readonly CustomCertificate[]>(isAllowed ? path : undefined, 5);
  const name = zone.reply?.result.name ?? 'the zone';
  const parts = ['zones', id, 'certificates'];
  return (
    <>
      <Head
        title="Custom certificates"
        name={`Custom certificates, ${name}`}
        above={<a href={href(['zones', id])}>{name}</a>}
      >
        <Requests zoneId={id} />
      </Head>
      {!isAllowed && <NotAllowed permission="SSL and Certificates Read" />}
      {isAllowed && (
        <div class="stack">
          <div class="filters">
            <Choice
              label="Status"
              name="status"
              value={FILTERS.find(([one]) => one === status)?.[0] ?? ''}
              options={FILTERS}
              onPick={(picked) => go(parts, { status: picked })}
            />
          </div>
          <Shown of={answer} what="custom certificates">
            {({ result, info }) => (
              <div>
                <List zoneId={id} certificates={result} isFiltered={Boolean(status)} again={answer.again} />
                <Pages info={info} parts={parts} query={{ status }} what="certificate" />
              </div>
            )}
          </Shown>
          {may('SSL and Certificates Write', id) && (
            <Section title="Upload a certificate">
              <CertificateForm zoneId={id} onDone={answer.again} />
            </Section>
          )}
        </div>
      )}
    </>
  );
}

const Requests = ({ zoneId }: { readonly zoneId: string }) =>
  may('SSL and Certificates Read', zoneId) ? (
    <a class="button" href={href(['zones', zoneId, 'csrs'])}>
      Requests for certificates
    </a>
  ) : null;

interface ListProps {
  readonly zoneId: string;
  readonly certificates: readonly CustomCertificate[];
  readonly isFiltered: boolean;
  readonly again: () => void;
}

const List = ({ zoneId, certificates, isFiltered, again }: ListProps) =>
  certificates.length > 0 ? (
    <Table
      of="Custom certificates"
      rows={certificates}
      columns={columnsFor(zoneId, certificates, again)}
      keyOf={({ id }) => id}
    />
  ) : (
    <Empty title={isFiltered ? 'No certificate fits.' : 'There are no custom certificates yet.'}>
      {!isFiltered && <p>Certificates that were got elsewhere can be uploaded with their keys.</p>}
    </Empty>
  );

const SHOWN = 2;

const columnsFor = (
  zoneId: string,
  all: readonly CustomCertificate[],
  again: () => void,
): readonly Column<CustomCertificate>[] => [
  {
    name: 'Hosts',
    kind: 'wide',
    cell: ({ hosts, certificate_pack_id: pack }) => (
      <Hosts
        to={href(['zones', zoneId, 'packs', pack])}
        hosts={hosts.slice(0, SHOWN)}
        count={hosts.length}
        title={hosts.join('\n')}
      />
    ),
  },
  { name: 'Status', cell: ({ status }) => <Badge word={status} tone={TONES[status] ?? 'off'} /> },
  { name: 'Served by', cell: ({ deploy }) => deploy },
  { name: 'Type', cell: ({ type }) => plain(type) },
  { name: 'Priority', kind: 'number', cell: ({ priority }) => priority.toLocaleString('en') },
  { name: 'Issuer', kind: 'free', cell: ({ issuer }) => <bdi class="breaks">{issuer}</bdi> },
  {
    name: 'Expires',
    cell: ({ uploaded_on: from, expires_on: to }) => (
      <>
        <Life from={from} to={to} /> <Time at={to} isShort />
      </>
    ),
  },
  ...(may('SSL and Certificates Write', zoneId)
    ? [
        {
          name: 'Change',
          cell: (one: CustomCertificate) => (
            <Changes zoneId={zoneId} certificate={one} all={all} again={again} />
          ),
        },
      ]
    : []),
];
