/** One edge with an agent: how it stands, what it serves, and what it does not show as it is to. */
import { useState } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import type { EdgeWithToken, OutOfStep, WholeEdge } from '../api/wire-edges.ts';
import { Action, Confirm } from '../part/confirm.tsx';
import { Copied } from '../part/copy.tsx';
import { Facts, Head, Section } from '../part/section.tsx';
import { NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { go, href } from '../route.ts';
import { may } from '../session.ts';
import { count, plain } from '../words.ts';
import { EdgeToken } from './edge-token.tsx';
import { EdgeBadge, edgePath, lagOf, REGIONS, standingOf } from './edge-words.tsx';
import type { ViewProps } from './view.ts';

export function EdgeView({ of: { edge: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Read');
  const answer = useAnswer<WholeEdge>(isAllowed ? edgePath(id) : undefined, 3);
  return (
    <>
      {!answer.reply && <Head title="Edge" name="Edge" above={<Above />} />}
      {!isAllowed && <NotAllowed permission="SSL and Certificates Read" isForAll />}
      {isAllowed && (
        <Shown of={answer} what="the edge">
          {({ result }) => <Whole edge={result} again={answer.again} />}
        </Shown>
      )}
    </>
  );
}

const Above = () => <a href={href(['edges'])}>Edges</a>;

interface EdgeProps {
  readonly edge: WholeEdge;
  readonly again: () => void;
}

function Whole({ edge, again }: EdgeProps) {
  const [fresh, setFresh] = useState<EdgeWithToken>();
  return (
    <>
      <Head
        name={edge.name}
        above={<Above />}
        title={
          <>
            <bdi>{edge.name}</bdi> <EdgeBadge edge={edge} />
          </>
        }
      >
        {may('SSL and Certificates Write') && <Acts edge={edge} again={again} onToken={setFresh} />}
      </Head>
      <div class="columns">
        <div>
          {fresh && <EdgeToken edge={fresh} onTaken={() => setFresh(undefined)} />}
          <Section title="How it stands">
            <p>{standingOf(edge).says}</p>
            {edge.problem !== null && (
              <p class="bad-text">
                <bdi>{edge.problem}</bdi>
              </p>
            )}
            <Figures edge={edge} />
          </Section>
          <Behind edge={edge} />
        </div>
        <div>
          <Place edge={edge} />
          <About edge={edge} />
        </div>
      </div>
    </>
  );
}

interface ActsProps extends EdgeProps {
  readonly onToken: (edge: EdgeWithToken) => void;
}

/** Buttons for what can be done with it. */
const Acts = ({ edge, again, onToken }: ActsProps) => (
  <>
    <Drain edge={edge} again={again} />
    <NewToken edge={edge} again={again} onToken={onToken} />
    <Confirm
      label="Remove"
      title={`Remove ${edge.name}?`}
      phrase={edge.name}
      work={() => ask('DELETE', edgePath(edge.id))}
      done="The edge is removed."
      onDone={() => go(['edges'])}
    >
      <p>
        Its agent is refused at once, and no pack waits for it. The edge itself goes on with what it has until
        somebody stops it. This cannot be undone.
      </p>
    </Confirm>
  </>
);

const Drain = ({ edge: { id, name, status }, again }: EdgeProps) =>
  status === 'drained' ? (
    <Action
      label="End the draining"
      work={() => ask('PATCH', edgePath(id), { body: { drained: false } })}
      done="Packs wait for the edge again."
      onDone={again}
    />
  ) : (
    <Confirm
      label="Drain"
      kind="primary"
      title={`Drain ${name}?`}
      work={() => ask('PATCH', edgePath(id), { body: { drained: true } })}
      done="The edge is drained: no pack waits for it."
      onDone={again}
    >
      <p>It goes on serving what it has and is told of changes, but no pack waits for it any more.</p>
    </Confirm>
  );

const NewToken = ({ edge: { id, name }, again, onToken }: ActsProps) => (
  <Confirm
    label="Get another token"
    opens="Another token"
    kind="primary"
    title={`Another token for ${name}?`}
    work={async () => {
      onToken((await ask<EdgeWithToken>('POST', `${edgePath(id)}/token`)).result);
    }}
    done="The edge has another token: take it now."
    onDone={again}
  >
    <p>
      A token before it is of no use then. The agent that is there goes on until another takes the edge up,
      and is shut out at that moment.
    </p>
  </Confirm>
);

const Figures = ({ edge }: { readonly edge: WholeEdge }) => (
  <Facts
    of={[
      { name: 'It serves', value: `${count(edge.packs, 'pack')}, ${count(edge.names, 'name')}` },
      { name: 'It was given', value: count(edge.packs_given, 'pack') },
      {
        name: 'Does not show',
        value: edge.packs_behind === 0 ? 'nothing that it is to' : count(edge.packs_behind, 'pack'),
      },
      { name: 'Behind', value: lagOf(edge) },
      { name: 'Proved last', value: <Time at={edge.proved_on} /> },
      { name: 'Heard of last', value: <Time at={edge.seen_on} /> },
      ...(edge.drained_on === null ? [] : [{ name: 'Drained', value: <Time at={edge.drained_on} /> }]),
    ]}
  />
);

const COLUMNS: readonly Column<OutOfStep>[] = [
  {
    name: 'Pack',
    cell: ({ pack_id: pack, zone_id: zone }) => <a href={href(['zones', zone, 'packs', pack])}>{pack}</a>,
  },
  {
    name: 'What its agent says',
    kind: 'wide',
    cell: ({ problem }) =>
      problem === null ? <span class="none">nothing yet</span> : <bdi class="breaks">{problem}</bdi>,
  },
  { name: 'Said', cell: ({ reported_on: at }) => <Time at={at} isShort /> },
];

/** Packs that it does not show as it is to. */
const Behind = ({ edge: { out_of_step: packs, packs_behind: all } }: { readonly edge: WholeEdge }) => (
  <Section title="What it does not show as it is to">
    {packs.length === 0 ? (
      <p class="quiet">Nothing: it shows all that it was given.</p>
    ) : (
      <>
        <Table
          of="Packs that it does not show"
          rows={packs}
          columns={COLUMNS}
          keyOf={({ pack_id: id }) => id}
        />
        {all > packs.length && (
          <p class="quiet">
            The first {packs.length} of {all.toLocaleString('en')}.
          </p>
        )}
      </>
    )}
  </Section>
);

const REGION_NAMES: Readonly<Record<string, string>> = REGIONS;

/** Where it is said to be: which keys it may be given. */
const Place = ({ edge: { region, country, highest_security: isHighest } }: { readonly edge: WholeEdge }) => (
  <Section title="Where it is">
    {region.length === 0 && country === null && !isHighest ? (
      <p class="quiet">Nothing is said of it: it is given no key that has to stay somewhere.</p>
    ) : (
      <>
        <Facts
          of={[
            {
              name: 'Regions',
              value: region.map((one) => REGION_NAMES[one] ?? one).join(', ') || 'not said',
            },
            { name: 'Country', value: country ?? 'not said' },
            { name: 'Keys of highest security', value: isHighest ? 'may be here' : 'may not be here' },
          ]}
        />
        <p class="quiet">
          Keys that have to stay in a place come here where their owner’s rule surely has it.
        </p>
      </>
    )}
  </Section>
);

const About = ({ edge }: { readonly edge: WholeEdge }) => (
  <Section title="About">
    <Facts
      of={[
        { name: 'Kind', value: plain(edge.kind) },
        { name: 'Serves', value: edge.environment },
        {
          name: 'Handshakes',
          value:
            edge.host === null ? (
              'by its agent alone'
            ) : (
              <bdi>
                by its agent, and at {edge.host}:{edge.port}
              </bdi>
            ),
        },
        { name: 'Agent', value: <bdi>{edge.version ?? '–'}</bdi> },
        { name: 'Made', value: <Time at={edge.created_on} /> },
        { name: 'Taken up', value: <Time at={edge.enrolled_on} /> },
        { name: 'Token until', value: <Time at={edge.token_expires_on} /> },
        { name: 'Agent’s certificate until', value: <Time at={edge.certificate_expires_on} /> },
        { name: 'Id', value: <Copied text={edge.id} what="the edge’s id" /> },
      ]}
    />
  </Section>
);
