import { useAnswer } from '../api/answer.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import type { EdgeState, Leaves } from '../api/wire-pack.ts';
import { Badge } from '../part/badge.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';

const ALGORITHMS = ['ecdsa', 'rsa'] as const;

/** What a handshake for one algorithm showed. */
function Handshake({
  edge: { wanted, shown, seen_on: seen },
  of,
}: {
  readonly edge: EdgeState;
  readonly of: keyof Leaves;
}) {
  const [want, saw] = [wanted[of], shown[of]];
  if (want === undefined && saw === undefined) return <span class="none">–</span>;
  if (seen === undefined) return <span class="quiet">not looked at yet</span>;
  if (want === saw) return <Badge word="its certificate" tone="good" />;
  return (
    <Badge
      word={saw === undefined ? 'none of it' : 'another one'}
      tone={want === undefined ? 'busy' : 'bad'}
    />
  );
}

const COLUMNS: readonly Column<EdgeState>[] = [
  { name: 'Edge', cell: ({ edge }) => <bdi class="breaks">{edge}</bdi> },
  ...ALGORITHMS.map((of) => ({
    name: of.toUpperCase(),
    cell: (edge: EdgeState) => <Handshake edge={edge} of={of} />,
  })),
  { name: 'Looked at', cell: ({ seen_on: at }) => <Time at={at} isShort /> },
  {
    name: 'What is wrong',
    kind: 'free',
    cell: ({ problem }) =>
      problem === undefined ? <span class="none">–</span> : <bdi class="breaks">{problem}</bdi>,
  },
];

interface EdgesProps {
  readonly zoneId: string;
  readonly pack: Pack;
  /** Asked again when it is another. */
  readonly asked: unknown;
}

/** What handshakes with each edge showed of the pack. */
export function Edges({ zoneId, pack, asked }: EdgesProps) {
  const answer = useAnswer<readonly EdgeState[]>(`${packPath(zoneId, pack.id)}/edges`, 0, asked);
  return (
    <Section title="Handshakes">
      <Shown of={answer} what="the edges">
        {({ result }) =>
          result.length === 0 ? (
            <p class="quiet">No edge has it: it is not on the edges, or not yet.</p>
          ) : (
            <Table of="Edges" rows={result} columns={COLUMNS} keyOf={({ edge }) => edge} />
          )
        }
      </Shown>
    </Section>
  );
}
