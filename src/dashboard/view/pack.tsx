/** One pack: how far it is and what it waits for, its certificates, and what is to be published for it. */
import { useEffect, useRef } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import type { Reply } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import type { Explanation } from '../api/wire-pack.ts';
import { say } from '../part/announce.tsx';
import { PackBadge } from '../part/badge.tsx';
import { Copied, Copy } from '../part/copy.tsx';
import { Facts, Head, Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { caName, PACK_WORDS, plain } from '../words.ts';
import { Connect } from './domain-connect.tsx';
import { PackActions } from './pack-actions.tsx';
import { Backup } from './pack-backup.tsx';
import { Certificates } from './pack-certificates.tsx';
import { Edges } from './pack-edges.tsx';
import { History, useHistory } from './pack-history.tsx';
import { Place } from './pack-place.tsx';
import { Progress } from './pack-progress.tsx';
import { PublicNames } from './pack-public.tsx';
import { Delegation, Records } from './pack-records.tsx';
import type { ViewProps } from './view.ts';
import { ZoneName } from './zone-choice.tsx';

/** Often while something happens, seldom else. */
const EVERY = { busy: 2, calm: 15 } as const;

export function PackView({ of: { zone: zoneId = '', pack: packId = '' } }: ViewProps) {
  const isBusy = useRef(true);
  const every = isBusy.current ? EVERY.busy : EVERY.calm;
  const answer = useAnswer<Pack>(packPath(zoneId, packId), every);
  const status = answer.reply?.result.status;
  isBusy.current = status === undefined || ['busy', 'wait'].includes(PACK_WORDS[status]?.tone);
  useSaid(status);
  return (
    <>
      {!answer.reply && <Head title="Pack" name="Pack" above={<Above zoneId={zoneId} />} />}
      <Shown of={answer} what="the pack">
        {(reply) => <Whole zoneId={zoneId} reply={reply} again={answer.again} />}
      </Shown>
    </>
  );
}

/** Says each status that is reached while the view is open. */
function useSaid(status: Pack['status'] | undefined): void {
  const last = useRef(status);
  useEffect(() => {
    if (last.current !== undefined && status !== undefined && status !== last.current)
      say(`The pack is now ${plain(status)}.`);
    last.current = status;
  }, [status]);
}

const Above = ({ zoneId }: { readonly zoneId: string }) => (
  <>
    <a href={href(['zones', zoneId])}>
      <ZoneName id={zoneId} />
    </a>{' '}
    / <a href={href(['packs'], { zone_id: zoneId })}>packs</a>
  </>
);

interface WholeProps {
  readonly zoneId: string;
  readonly reply: Reply<Pack>;
  readonly again: () => void;
}

function Whole({ zoneId, reply, again }: WholeProps) {
  const { result: pack } = reply;
  // Asked again whenever the pack was: they tell of the same.
  const explained = useAnswer<Explanation>(`${packPath(zoneId, pack.id)}/explain`, 0, reply);
  const history = useHistory({ zoneId, pack });
  const props = { zoneId, pack, again };
  const [first = ''] = pack.hosts;
  const rest = pack.hosts.length - 1;
  const isIssued = pack.certificates.length > 0;
  return (
    <>
      <Head
        name={`${first}, ${plain(pack.status)}`}
        above={<Above zoneId={zoneId} />}
        title={
          <>
            <bdi>{first}</bdi>
            {rest > 0 && <span class="quiet"> and {rest} more</span>} <PackBadge status={pack.status} />
          </>
        }
      >
        <PackActions {...props} />
      </Head>
      <div class="columns">
        <div>
          <Progress pack={pack} explained={explained} events={history.reply?.result ?? []} />
          {isIssued && <Certificates pack={pack} zoneId={zoneId} />}
          {isIssued && <Edges pack={pack} zoneId={zoneId} asked={reply} />}
          <PublicNames zoneId={zoneId} pack={pack} />
          <Records {...props} explanation={explained.reply?.result} />
          <Delegation records={pack.dcv_delegation_records} />
          {pack.validation_records.length + pack.dcv_delegation_records.length > 0 && (
            <Connect zoneId={zoneId} path={packPath(zoneId, pack.id)} />
          )}
          {!isIssued && <Certificates pack={pack} zoneId={zoneId} />}
        </div>
        <div>
          <About pack={pack} />
          <Place zoneId={zoneId} pack={pack} />
          <Backup {...props} />
          <History zoneId={zoneId} pack={pack} answer={history} />
          <Raw pack={pack} />
        </div>
      </div>
    </>
  );
}

const About = ({ pack }: { readonly pack: Pack }) => (
  <Section title="About">
    <Facts
      of={[
        { name: 'Hosts', value: <Hosts hosts={pack.hosts} /> },
        { name: 'CA', value: caName(pack.certificate_authority) },
        { name: 'Validation', value: pack.validation_method ?? '–' },
        { name: 'Validity', value: pack.validity_days ? `${pack.validity_days} days` : '–' },
        { name: 'Type', value: plain(pack.type) },
        { name: 'Created', value: <Time at={pack.created_on} /> },
        { name: 'Id', value: <Copied text={pack.id} what="the pack’s id" /> },
      ]}
    />
  </Section>
);

const Hosts = ({ hosts }: { readonly hosts: readonly string[] }) => (
  <ul class="plain">
    {hosts.map((host) => (
      <li key={host}>
        <bdi>{host}</bdi>
      </li>
    ))}
  </ul>
);

/** The pack as the API answers it. */
function Raw({ pack }: { readonly pack: Pack }) {
  const text = JSON.stringify(pack, undefined, 2);
  return (
    <details class="card">
      <summary>As the API answers it</summary>
      <Copy text={text} what="the JSON" />
      <pre tabIndex={0}>{text}</pre>
    </details>
  );
}
