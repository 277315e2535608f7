/** One keyless certificate: whether it is served, why not, and where its key is. */
import type { ComponentChildren } from 'preact';
import { useAnswer } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import type { KeylessCertificate } from '../api/wire-certificates.ts';
import { PackBadge } from '../part/badge.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Copied } from '../part/copy.tsx';
import { Dialog, useDialog } from '../part/dialog.tsx';
import { Facts, Head, Section } from '../part/section.tsx';
import { NotAllowed, Shown } from '../part/state.tsx';
import { Life, Time } from '../part/time.tsx';
import { go, href } from '../route.ts';
import { may } from '../session.ts';
import { PACK_WORDS } from '../words.ts';
import { placeOf } from './keyless.tsx';
import { KeylessChange, keylessPath } from './keyless-form.tsx';
import { Edges } from './pack-edges.tsx';
import type { ViewProps } from './view.ts';
import { ZoneName } from './zone-choice.tsx';

export function KeylessView({ of: { zone: zoneId = '', keyless: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Read', zoneId);
  const answer = useAnswer<KeylessCertificate>(isAllowed ? keylessPath(zoneId, id) : undefined, 3);
  return (
    <>
      {!answer.reply && (
        <Head title="Keyless certificate" name="Keyless certificate" above={<Above zoneId={zoneId} />} />
      )}
      {!isAllowed && <NotAllowed permission="SSL and Certificates Read" />}
      {isAllowed && (
        <Shown of={answer} what="the keyless certificate">
          {(reply) => <Whole zoneId={zoneId} certificate={reply.result} asked={reply} again={answer.again} />}
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
    / <a href={href(['zones', zoneId, 'keyless'])}>keyless certificates</a>
  </>
);

interface OneProps {
  readonly zoneId: string;
  readonly certificate: KeylessCertificate;
  readonly again: () => void;
}

function Whole({ zoneId, certificate, asked, again }: OneProps & { readonly asked: unknown }) {
  const pack = useAnswer<Pack>(packPath(zoneId, certificate.id), 0, asked);
  const known = pack.reply?.result;
  const mayChange = may('SSL and Certificates Write', zoneId) && certificate.status === 'active';
  return (
    <>
      <Titled zoneId={zoneId} certificate={certificate} pack={known}>
        {mayChange && <Acts zoneId={zoneId} certificate={certificate} again={again} />}
      </Titled>
      <div class="columns">
        <div>
          <Section
            title="Whether it is served"
            aside={<a href={href(['zones', zoneId, 'packs', certificate.id])}>The pack</a>}
          >
            <Shown of={pack} what="its pack">
              {({ result }) => <Served pack={result} />}
            </Shown>
          </Section>
          {known && <Edges pack={known} zoneId={zoneId} asked={pack.reply} />}
        </div>
        <div>
          <About certificate={certificate} />
        </div>
      </div>
    </>
  );
}

interface TitledProps extends Pick<OneProps, 'zoneId' | 'certificate'> {
  readonly pack: Pack | undefined;
  readonly children: ComponentChildren;
}

/** Called by its hosts, once they are known. */
function Titled({ zoneId, certificate: { id, name: own }, pack, children }: TitledProps) {
  const [name = own || id, ...more] = pack?.hosts ?? [];
  return (
    <Head
      name={name}
      above={<Above zoneId={zoneId} />}
      title={
        <>
          <bdi>{name}</bdi>
          {more.length > 0 && <span class="quiet"> and {more.length} more</span>}{' '}
          {pack && <PackBadge status={pack.status} />}
        </>
      }
    >
      {children}
    </Head>
  );
}

const Served = ({
  pack: { status, validation_errors: errors, certificates, hosts },
}: {
  readonly pack: Pack;
}) => (
  <>
    <p>{PACK_WORDS[status]?.says}</p>
    {errors.length > 0 && (
      <>
        <h3>What is wrong</h3>
        <ul class="answers">
          {errors.map(({ message }) => (
            <li key={message}>
              <bdi>{message}</bdi>
            </li>
          ))}
        </ul>
      </>
    )}
    <p class="quiet">
      <bdi class="breaks">{hosts.join(', ')}</bdi>
    </p>
    <ul class="plain">
      {certificates.map(({ id, issuer, signature, uploaded_on: from, expires_on: to }) => (
        <li key={id}>
          <bdi>{issuer}</bdi>, {signature} <Life from={from} to={to} /> <Time at={to} />
        </li>
      ))}
    </ul>
  </>
);

const Acts = ({ zoneId, certificate, again }: OneProps) => (
  <>
    <Change zoneId={zoneId} certificate={certificate} again={again} />
    <Confirm
      label="Delete"
      title="Delete this keyless certificate?"
      work={() => ask('DELETE', keylessPath(zoneId, certificate.id))}
      done="The keyless certificate is being deleted."
      onDone={() => go(['zones', zoneId, 'keyless'])}
    >
      <p>It is taken off the edges; its key stays where it is. This cannot be undone.</p>
    </Confirm>
  </>
);

function Change({ zoneId, certificate, again }: OneProps) {
  const dialog = useDialog();
  const done = () => {
    dialog.close();
    again();
  };
  return (
    <>
      <button type="button" onClick={dialog.open}>
        Change
      </button>
      <Dialog of={dialog} title="Where its key is">
        <KeylessChange zoneId={zoneId} certificate={certificate} onDone={done} onCancel={dialog.close} />
      </Dialog>
    </>
  );
}

const About = ({ certificate }: { readonly certificate: KeylessCertificate }) => (
  <Section title="About">
    <Facts
      of={[
        { name: 'Its key is at', value: <bdi>{placeOf(certificate)}</bdi> },
        { name: 'Name', value: <bdi>{certificate.name || '–'}</bdi> },
        { name: 'Brought', value: <Time at={certificate.created_on} /> },
        { name: 'Changed', value: <Time at={certificate.modified_on} /> },
        { name: 'Id', value: <Copied text={certificate.id} what="its id" /> },
      ]}
    />
  </Section>
);
