/** Records by one click at the DNS provider (Domain Connect): asked for when somebody wants it, as others are asked then. */
import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import type { ConnectLinks } from '../api/wire-hostnames.ts';
import { say } from '../part/announce.tsx';
import { External } from '../part/external.tsx';
import { Section } from '../part/section.tsx';
import { Failed } from '../part/state.tsx';
import { may } from '../session.ts';

const SAYS = {
  prepare: 'shows control, and leads the name nowhere else yet',
  connect: 'shows control, and leads the name here',
} as const;

interface ConnectProps {
  readonly zoneId: string;
  /** Of what has the links. */
  readonly path: string;
}

export function Connect({ zoneId, path }: ConnectProps) {
  const doing = useDoing();
  const [found, setFound] = useState<ConnectLinks>();
  if (!may('SSL and Certificates Write', zoneId)) return null;
  const look = () =>
    doing.run(async () => {
      const { result } = await ask<ConnectLinks>('GET', `${path}/domain_connect`);
      setFound(result);
      say(result.links.length > 0 ? 'There are links below.' : 'There is no link.');
    });
  return (
    <Section title="By one click">
      <p>Some DNS providers create the records by themselves, once their customer has agreed there.</p>
      <button type="button" aria-disabled={doing.isDoing} onClick={() => void look()}>
        {doing.isDoing ? 'Asking the DNS provider …' : 'Ask the DNS provider'}
      </button>
      {doing.refusal && <Failed refusal={doing.refusal} />}
      {found && <Links {...found} />}
    </Section>
  );
}

const Links = ({ links, without }: ConnectLinks) => (
  <ul class="records">
    {links.map(({ kind, name, provider, url, records }) => (
      <li key={url}>
        <External to={url}>
          {kind === 'prepare' ? 'Prepare' : 'Connect'} <bdi>{name}</bdi> at {provider}
        </External>
        <p class="quiet">
          It {SAYS[kind]}: {records.map(({ type, name: at }) => `${type} ${at}`).join(', ')}.
        </p>
      </li>
    ))}
    {without.map(({ name, why, control_panel: panel }) => (
      <li key={name + why}>
        <bdi>{name}</bdi>: {why}.{' '}
        {panel !== undefined && <External to={panel}>Change its DNS by hand</External>}
      </li>
    ))}
  </ul>
);
