/** Where custom hostnames of a zone are sent that have no origin of their own. */
import { useState } from 'preact/hooks';
import { type Answer, useDoing } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import type { FallbackOrigin, HostnameQuota } from '../api/wire-hostnames.ts';
import { say } from '../part/announce.tsx';
import { Badge } from '../part/badge.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Copied } from '../part/copy.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Text } from '../part/inputs.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { may } from '../session.ts';
import { hostnamesPath, ORIGIN_TONES } from './hostname-words.ts';

const originPath = (zoneId: string): string => `${hostnamesPath(zoneId)}/fallback_origin`;

/** Tells of it where there is one; its own path refuses where there is none, and a refusal is an error of the browser's console. */
export const quotaPath = (zoneId: string): string => `${hostnamesPath(zoneId)}/quota`;

interface OriginProps {
  readonly zoneId: string;
  readonly answer: Answer<HostnameQuota>;
}

export function Origin({ zoneId, answer }: OriginProps) {
  const mayChange = may('SSL and Certificates Write', zoneId);
  return (
    <Section title="Fallback origin">
      <Shown of={answer} what="the fallback origin">
        {({ result: { fallback_origin: origin } }) =>
          origin ? (
            <Present of={origin} />
          ) : (
            <p class="quiet">None: names have nothing in this zone to be led to.</p>
          )
        }
      </Shown>
      {mayChange && <OriginForm zoneId={zoneId} onDone={answer.again} />}
      {mayChange && answer.reply?.result.fallback_origin && (
        <Confirm
          label="Take it away"
          kind="small"
          title="Take the fallback origin away?"
          work={() => ask('DELETE', originPath(zoneId))}
          done="The fallback origin is taken away."
          onDone={answer.again}
        >
          <p>Custom hostnames without an origin of their own are sent nowhere then.</p>
        </Confirm>
      )}
    </Section>
  );
}

const Present = ({ of: { origin, status, errors } }: { readonly of: FallbackOrigin }) => (
  <>
    <p>
      <Copied text={origin} what="the fallback origin" />{' '}
      <Badge word={status} tone={ORIGIN_TONES[status] ?? 'off'} />
    </p>
    {errors.map((error) => (
      <p key={error} class="cause">
        {error}
      </p>
    ))}
  </>
);

function OriginForm({ zoneId, onDone }: { readonly zoneId: string; readonly onDone: () => void }) {
  const [origin, setOrigin] = useState('');
  const doing = useDoing();
  const done = () => {
    say('The fallback origin is set.');
    setOrigin('');
    onDone();
  };
  return (
    <EditForm
      doing={doing}
      fields={['origin']}
      label="Set it"
      work={() => ask('PUT', originPath(zoneId), { body: { origin: origin.trim() } })}
      onDone={done}
    >
      <Text
        label="Another fallback origin"
        name="origin"
        hint="A proxied A, AAAA or CNAME record of this zone; names of customers are to lead there."
        wrong={doing.refusal?.of('origin')}
        value={origin}
        onText={setOrigin}
      />
    </EditForm>
  );
}
