/** What happened to a pack, the latest first. */
import { useState } from 'preact/hooks';
import { type Answer, useAnswer, useDoing } from '../api/answer.ts';
import { ask, part } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import type { PackEvent } from '../api/wire-pack.ts';
import { Badge, PackBadge } from '../part/badge.tsx';
import { Section } from '../part/section.tsx';
import { Failed, Shown } from '../part/state.tsx';
import { Time } from '../part/time.tsx';
import { plain } from '../words.ts';

/** Events that are shown; a life has some ten of them. */
const MOST = '30';

interface HistoryAsk {
  readonly zoneId: string;
  readonly pack: Pack;
}

interface HistoryProps extends HistoryAsk {
  readonly answer: Answer<readonly PackEvent[]>;
}

const pathOf = ({ zoneId, pack }: HistoryAsk): string =>
  `${packPath(zoneId, pack.id)}/events?per_page=${MOST}`;

/** The latest events of a pack, asked for again when something about it is another. */
export const useHistory = (of: HistoryAsk): Answer<readonly PackEvent[]> =>
  useAnswer(pathOf(of), 0, `${of.pack.status} ${of.pack.certificates.length}`);

export function History({ answer, ...of }: HistoryProps) {
  const path = pathOf(of);
  return (
    <Section title="History">
      <Shown of={answer} what="the history">
        {({ result, info }) => (
          <>
            <ol class="events">
              {result.map((event) => (
                <Line key={event.id} event={event} />
              ))}
            </ol>
            {info?.cursor !== undefined && <Older key={info.cursor} path={path} first={info.cursor} />}
          </>
        )}
      </Shown>
    </Section>
  );
}

const Line = ({ event }: { readonly event: PackEvent }) => (
  <li>
    <Time at={event.time} isShort />
    <Event event={event} />
  </li>
);

/** What happened before that, a page at a time. */
function Older({ path, first }: { readonly path: string; readonly first: string }) {
  const [events, setEvents] = useState<readonly PackEvent[]>([]);
  const [cursor, setCursor] = useState<string | undefined>(first);
  const doing = useDoing();
  const more = () =>
    doing.run(async () => {
      const { result, info } = await ask<readonly PackEvent[]>('GET', `${path}&cursor=${part(cursor ?? '')}`);
      setEvents([...events, ...result]);
      setCursor(info?.cursor);
    });
  return (
    <>
      {events.length > 0 && (
        <ol class="events below" start={Number(MOST) + 1}>
          {events.map((event) => (
            <Line key={event.id} event={event} />
          ))}
        </ol>
      )}
      {doing.refusal && <Failed refusal={doing.refusal} />}
      {cursor !== undefined && (
        <button type="button" class="small below" aria-disabled={doing.isDoing} onClick={() => void more()}>
          Show what was before
        </button>
      )}
    </>
  );
}

const Event = ({
  event: { kind, cause, to_status: to, token, owner, details },
}: {
  readonly event: PackEvent;
}) => (
  <div>
    {to === undefined ? <Badge word={kind} tone="off" /> : <PackBadge status={to} />}{' '}
    <span class="quiet">
      {plain(cause)}
      {token && (
        <>
          {' '}
          by <bdi>{token.name ?? token.id}</bdi>
        </>
      )}
      {!token && owner !== 'us' && ` by the ${owner === 'ca' ? 'CA' : plain(owner)}`}
    </span>
    {details?.validation_errors?.map((message) => (
      <p key={message} class="quiet">
        <bdi>{message}</bdi>
      </p>
    ))}
  </div>
);
