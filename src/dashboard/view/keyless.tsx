/** The keyless certificates of a zone: their keys stay with their owners. */
import { useAnswer } from '../api/answer.ts';
import { withQuery } from '../api/client.ts';
import type { Pack } from '../api/wire.ts';
import type { KeylessCertificate } from '../api/wire-certificates.ts';
import { PackBadge } from '../part/badge.tsx';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Life, Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { accountId, may } from '../session.ts';
import { count } from '../words.ts';
import { KeylessForm, keylessAllPath } from './keyless-form.tsx';
import type { ViewProps } from './view.ts';
import { ZoneName } from './zone-choice.tsx';

export function Keyless({ of: { zone: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Read', id);
  return (
    <>
      <Head
        title="Keyless certificates"
        name="Keyless certificates"
        above={
          <a href={href(['zones', id])}>
            <ZoneName id={id} />
          </a>
        }
      />
      {isAllowed ? <Allowed zoneId={id} /> : <NotAllowed permission="SSL and Certificates Read" />}
    </>
  );
}

/** As many as the API lists of a zone. */
const MOST = '1000';

function Allowed({ zoneId }: { readonly zoneId: string }) {
  const answer = useAnswer<readonly KeylessCertificate[]>(keylessAllPath(zoneId), 5);
  // What each serves, and how it stands, is told of its pack.
  const packs = useAnswer<readonly Pack[]>(
    withQuery(`/accounts/${accountId()}/ssl/certificate_packs`, {
      zone_id: zoneId,
      type: 'keyless',
      per_page: MOST,
    }),
    0,
    answer.reply,
  );
  const packOf = new Map((packs.reply?.result ?? []).map((pack) => [pack.id, pack]));
  return (
    <div class="stack">
      <Shown of={answer} what="keyless certificates">
        {({ result }) =>
          result.length > 0 ? (
            <div>
              <Table
                of="Keyless certificates"
                rows={result}
                columns={columnsFor(zoneId, packOf)}
                keyOf={({ id }) => id}
              />
              <p class="pager">{count(result.length, 'certificate')}</p>
            </div>
          ) : (
            <Empty title="There are no keyless certificates yet.">
              <p>A certificate can be served here whose key stays in a token or behind a key server.</p>
            </Empty>
          )
        }
      </Shown>
      {may('SSL and Certificates Write', zoneId) && (
        <Section title="Bring a certificate without its key">
          <KeylessForm zoneId={zoneId} onDone={answer.again} />
        </Section>
      )}
    </div>
  );
}

const columnsFor = (
  zoneId: string,
  packOf: ReadonlyMap<string, Pack>,
): readonly Column<KeylessCertificate>[] => [
  {
    name: 'Hosts',
    kind: 'wide',
    cell: ({ id, name }) => {
      const [first = name === '' ? id : name, ...more] = packOf.get(id)?.hosts ?? [];
      return (
        <a href={href(['zones', zoneId, 'keyless', id])}>
          <bdi class="breaks">{first}</bdi>
          {more.length > 0 && <span class="quiet"> and {more.length} more</span>}
        </a>
      );
    },
  },
  {
    name: 'Status',
    cell: ({ id }) => {
      const pack = packOf.get(id);
      return pack ? <PackBadge status={pack.status} /> : <span class="none">–</span>;
    },
  },
  { name: 'Name', kind: 'free', cell: ({ name }) => <bdi class="breaks">{name}</bdi> },
  { name: 'Its key is at', kind: 'free', cell: (one) => <bdi class="breaks">{placeOf(one)}</bdi> },
  {
    name: 'What is wrong',
    kind: 'free',
    cell: ({ id }) => {
      const [error] = packOf.get(id)?.validation_errors ?? [];
      return error ? <bdi class="breaks">{error.message}</bdi> : <span class="none">–</span>;
    },
  },
  {
    name: 'Expires',
    cell: ({ id }) => {
      const [certificate] = packOf.get(id)?.certificates ?? [];
      return certificate ? (
        <>
          <Life from={certificate.uploaded_on} to={certificate.expires_on} />{' '}
          <Time at={certificate.expires_on} isShort />
        </>
      ) : (
        <span class="none">–</span>
      );
    },
  },
];

/** Where a key is, as people read it. */
export const placeOf = ({ host, port }: KeylessCertificate): string =>
  host.startsWith('pkcs11:') ? host : `${host}:${port}`;
