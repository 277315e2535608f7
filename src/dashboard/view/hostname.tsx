/** One custom hostname: both statuses, what is to be published for it, its certificates. */
import { useAnswer } from '../api/answer.ts';
import type { CustomHostname, HostnameQuota, HostnameSettings, HostnameSsl } from '../api/wire-hostnames.ts';
import { Badge, PackBadge } from '../part/badge.tsx';
import { Copied } from '../part/copy.tsx';
import { Facts, Head, Section } from '../part/section.tsx';
import { NotAllowed, Shown } from '../part/state.tsx';
import { Life, Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { may } from '../session.ts';
import { caName, PACK_WORDS, plain } from '../words.ts';
import { Connect } from './domain-connect.tsx';
import { quotaPath } from './fallback-origin.tsx';
import { HostnameActs } from './hostname-acts.tsx';
import { HOSTNAME_WORDS, hostnamePath, toneOf } from './hostname-words.ts';
import { Delegation, Parts, partsOf } from './pack-records.tsx';
import type { ViewProps } from './view.ts';
import { ZoneName } from './zone-choice.tsx';

const SHOWN = ['active', 'active_redeploying'];
const GOING = ['pending_deletion', 'deleted'];

export function HostnameView({ of: { zone: zoneId = '', hostname: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Read', zoneId);
  const answer = useAnswer<CustomHostname>(isAllowed ? hostnamePath(zoneId, id) : undefined, 3);
  return (
    <>
      {!answer.reply && (
        <Head title="Custom hostname" name="Custom hostname" above={<Above zoneId={zoneId} />} />
      )}
      {!isAllowed && <NotAllowed permission="SSL and Certificates Read" />}
      {isAllowed && (
        <Shown of={answer} what="the custom hostname">
          {({ result }) => <Whole zoneId={zoneId} hostname={result} again={answer.again} />}
        </Shown>
      )}
    </>
  );
}

const Above = ({ zoneId }: { readonly zoneId: string }) => (
  <>
    <a href={href(['zones', zoneId])}>
      <ZoneName id={zoneId} />
    </a>{' '}
    / <a href={href(['zones', zoneId, 'hostnames'])}>custom hostnames</a>
  </>
);

interface HostnameProps {
  readonly zoneId: string;
  readonly hostname: CustomHostname;
  readonly again: () => void;
}

const Whole = ({ zoneId, hostname, again }: HostnameProps) => {
  const { hostname: name, status, ssl } = hostname;
  return (
    <>
      <Head
        name={name}
        above={<Above zoneId={zoneId} />}
        title={
          <>
            <bdi>{name}</bdi> <Badge word={status} tone={toneOf(status)} />
          </>
        }
      >
        {may('SSL and Certificates Write', zoneId) && !GOING.includes(status) && (
          <HostnameActs zoneId={zoneId} hostname={hostname} again={again} />
        )}
      </Head>
      <div class="columns">
        <div>
          <Control hostname={hostname} />
          {ssl && <Certificate zoneId={zoneId} ssl={ssl} />}
          {!GOING.includes(status) && <Connect zoneId={zoneId} path={hostnamePath(zoneId, hostname.id)} />}
          {ssl && <Delegation records={ssl.dcv_delegation_records} />}
        </div>
        <div>
          <Move zoneId={zoneId} name={name} isApart={hostname.custom_origin_server !== undefined} />
          <About hostname={hostname} />
        </div>
      </div>
    </>
  );
};

/** How control of the name is shown, and what was seen of that. */
const Control = ({
  hostname: {
    status,
    ownership_verification: text,
    ownership_verification_http: file,
    verification_errors: errors,
  },
}: Pick<HostnameProps, 'hostname'>) => {
  const ways = (
    <ul class="records">
      <li>
        <Parts
          parts={[
            ['TXT name', text.name],
            ['TXT value', text.value],
          ]}
        />
      </li>
      <li>
        Or by the web server that has the name now:
        <Parts
          parts={[
            ['File at', file.http_url],
            ['with', file.http_body],
          ]}
        />
      </li>
    </ul>
  );
  if (SHOWN.includes(status))
    return (
      <details class="card">
        <summary>What shows control of the name</summary>
        {ways}
      </details>
    );
  return (
    <Section title="Control of the name">
      <p>{HOSTNAME_WORDS[status]?.says}</p>
      {ways}
      <Errors title="Seen so far" of={errors} />
    </Section>
  );
};

const Errors = ({ title, of }: { readonly title: string; readonly of: readonly string[] }) =>
  of.length === 0 ? null : (
    <>
      <h3>{title}</h3>
      <ul class="answers">
        {of.map((error) => (
          <li key={error}>
            <bdi>{error}</bdi>
          </li>
        ))}
      </ul>
    </>
  );

const Certificate = ({ zoneId, ssl }: { readonly zoneId: string; readonly ssl: HostnameSsl }) => (
  <Section title="Its certificates" aside={<a href={href(['zones', zoneId, 'packs', ssl.id])}>The pack</a>}>
    <p>
      <PackBadge status={ssl.status} /> {PACK_WORDS[ssl.status]?.says}
    </p>
    <ul class="records">
      {ssl.validation_records
        .filter(({ status }) => status !== 'valid')
        .map((record) => (
          <li key={JSON.stringify(record)}>
            <Badge word={record.status} tone={record.status === 'invalid' ? 'bad' : 'wait'} />
            <Parts parts={partsOf(record)} />
          </li>
        ))}
    </ul>
    <Errors title="What is wrong" of={ssl.validation_errors.map(({ message }) => message)} />
    <ul class="plain">
      {ssl.certificates.map(({ id, issuer, signature, uploaded_on: from, expires_on: to }) => (
        <li key={id}>
          <bdi>{issuer}</bdi>, {signature} <Life from={from} to={to} /> <Time at={to} />
        </li>
      ))}
    </ul>
  </Section>
);

interface MoveProps {
  readonly zoneId: string;
  readonly name: string;
  /** Whether it has an origin of its own. */
  readonly isApart: boolean;
}

/** The record that leads the name here. */
function Move({ zoneId, name, isApart }: MoveProps) {
  const { reply } = useAnswer<HostnameQuota>(quotaPath(zoneId));
  const origin = reply?.result.fallback_origin;
  return (
    <Section title="Leading it here">
      <p>Once both statuses are active the name can lead here without a moment unserved.</p>
      {origin ? (
        <Parts
          parts={[
            ['CNAME', name],
            ['leads to', origin.origin],
          ]}
        />
      ) : (
        <p class="quiet">
          By a CNAME to a name of the zone that leads to the edges
          {!isApart && (
            <>
              : the <a href={href(['zones', zoneId, 'hostnames'])}>fallback origin</a> is the usual one
            </>
          )}
          .
        </p>
      )}
    </Section>
  );
}

/** Settings as they are read: `http2 on, tls 1 3 off`. */
const settingsOf = (settings: HostnameSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${plain(name)} ${String(value)}`)
    .join(', ') || 'the usual ones';

const About = ({
  hostname: { id, ssl, created_at: at, custom_origin_server: origin, ...more },
}: Pick<HostnameProps, 'hostname'>) => (
  <Section title="About">
    <Facts
      of={[
        { name: 'Names', value: <bdi>{ssl?.hosts.join(', ') ?? '–'}</bdi> },
        { name: 'CA', value: caName(ssl?.certificate_authority) },
        { name: 'Validation', value: ssl ? (ssl.method ?? 'uploaded') : '–' },
        { name: 'Origin', value: <bdi>{origin ?? 'the fallback origin'}</bdi> },
        ...(more.custom_origin_sni === undefined
          ? []
          : [{ name: 'Its SNI', value: <bdi>{more.custom_origin_sni}</bdi> }]),
        ...(ssl ? [{ name: 'TLS', value: <bdi>{settingsOf(ssl.settings)}</bdi> }] : []),
        ...Object.entries(more.custom_metadata ?? {}).map(([name, value]) => ({
          name,
          value: <bdi>{value}</bdi>,
        })),
        { name: 'Made', value: <Time at={at} /> },
        { name: 'Id', value: <Copied text={id} what="the hostname’s id" /> },
      ]}
    />
  </Section>
);
