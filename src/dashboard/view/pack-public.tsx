import { useState } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import type { PublicView, PublicViews } from '../api/wire-pack.ts';
import { Badge } from '../part/badge.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { plain, type Tone } from '../words.ts';

// What a newer service names is shown by that name.
const LEADS: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  us: { word: 'your edges', tone: 'good' },
  partly_us: { word: 'your edges and others', tone: 'wait' },
  cdn: { word: 'a CDN', tone: 'wait' },
  elsewhere: { word: 'elsewhere', tone: 'wait' },
  nowhere: { word: 'nowhere', tone: 'bad' },
  unknown: { word: 'nobody can tell', tone: 'bad' },
};

/** Whose move it is. */
const MOVES: Readonly<Record<string, string>> = {
  '': 'nobody’s move',
  ca: 'the CA’s move',
  us: 'the service’s move',
};

const Leads = ({ of: { leads_to: to, cdn, addresses } }: { readonly of: PublicView }) => {
  const { word, tone } = LEADS[to] ?? { word: to, tone: 'off' };
  return (
    <>
      <Badge word={cdn ?? word} tone={tone} />
      <ul class="plain quiet">
        {addresses.map(({ address }) => (
          <li key={address}>
            <bdi class="breaks">{address}</bdi>
          </li>
        ))}
      </ul>
    </>
  );
};

const Situations = ({ of: { situations } }: { readonly of: PublicView }) =>
  situations.length === 0 ? (
    <span class="none">–</span>
  ) : (
    <ul class="plain">
      {situations.map(({ situation, whose_move: whose, what, next_step: next }) => (
        <li key={situation}>
          <strong>{plain(situation)}</strong>
          <span class="quiet">, {MOVES[whose ?? ''] ?? `the ${whose}’s move`}</span>
          <br />
          <bdi>{what}.</bdi> <bdi>Next: {next}.</bdi>
        </li>
      ))}
    </ul>
  );

const COLUMNS: readonly Column<PublicView>[] = [
  { name: 'Host', cell: ({ host }) => <bdi class="breaks">{host}</bdi> },
  {
    name: 'At your edges',
    cell: ({ served_at_edges: is }) => (
      <Badge word={is ? 'served' : 'not served yet'} tone={is ? 'good' : 'off'} />
    ),
  },
  { name: 'Public name leads to', cell: (view) => <Leads of={view} /> },
  { name: 'What to know', kind: 'wide', cell: (view) => <Situations of={view} /> },
];

interface PublicProps {
  readonly zoneId: string;
  readonly pack: Pack;
}

/** Where the hosts of a pack lead, looked at when somebody asks: it has name servers and hosts of others asked. */
export function PublicNames({ zoneId, pack }: PublicProps) {
  const [isWanted, want] = useState(false);
  const answer = useAnswer<PublicViews>(isWanted ? `${packPath(zoneId, pack.id)}/public_view` : undefined);
  const look = () => (isWanted ? answer.again() : want(true));
  const button = (
    <button type="button" onClick={look} disabled={answer.isAsking}>
      {isWanted ? 'Look again' : 'Look where they lead'}
    </button>
  );
  return (
    <Section title="Public names" aside={button}>
      {isWanted ? (
        <Shown of={answer} what="where the names lead: their name servers are asked, some seconds">
          {({ result }) => <Seen views={result} />}
        </Shown>
      ) : (
        <p class="quiet">Nobody has looked yet where the names lead in public DNS.</p>
      )}
    </Section>
  );
}

const Seen = ({ views: { hosts, total, seen_on: at } }: { readonly views: PublicViews }) =>
  hosts.length === 0 ? (
    <p class="quiet">The pack has no host that could lead anywhere.</p>
  ) : (
    <>
      <Table of="Public names" rows={hosts} columns={COLUMNS} keyOf={({ host }) => host} />
      <p class="quiet">
        Seen <Time at={at} isShort />
        {total > hosts.length && `: the first ${hosts.length} of ${total} hosts`}.
      </p>
    </>
  );
