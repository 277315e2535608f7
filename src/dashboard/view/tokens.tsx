/** The account's tokens. */
import { useState } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import { ask, part, withQuery } from '../api/client.ts';
import type { Token } from '../api/wire.ts';
import { Badge } from '../part/badge.tsx';
import { Action, Confirm } from '../part/confirm.tsx';
import { Pages } from '../part/pager.tsx';
import { Head } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { route } from '../route.ts';
import { may, session } from '../session.ts';
import type { Tone } from '../words.ts';
import { NewToken, Secret } from './token-form.tsx';

const TONES: Readonly<Record<string, Tone>> = { active: 'good', disabled: 'off', expired: 'bad' };

export function Tokens() {
  const isAllowed = may('API Tokens Read');
  const [rolled, setRolled] = useState<string>();
  const page = route.value.query.get('page') ?? undefined;
  const path = withQuery('/user/tokens', { page, per_page: '50' });
  const answer = useAnswer<readonly Token[]>(isAllowed ? path : undefined);
  return (
    <>
      <Head title="Tokens" name="Tokens" />
      {!isAllowed && <NotAllowed permission="API Tokens Read" />}
      {isAllowed && (
        <div class="stack">
          {rolled !== undefined && <Secret value={rolled} onTaken={() => setRolled(undefined)} />}
          <Shown of={answer} what="tokens">
            {({ result, info }) => (
              <div>
                {result.length > 0 ? (
                  <Table
                    of="Tokens"
                    rows={result}
                    columns={columnsFor(answer.again, setRolled)}
                    keyOf={({ id }) => id}
                  />
                ) : (
                  <Empty title="There are no tokens here." />
                )}
                <Pages info={info} parts={['tokens']} query={{}} what="token" />
              </div>
            )}
          </Shown>
          {may('API Tokens Write') && <NewToken onMade={answer.again} />}
        </div>
      )}
    </>
  );
}

const grantsOf = ({ policies }: Token): string[] => [
  ...new Set(policies.flatMap((one) => one.permission_groups.map(({ name }) => name))),
];

const isOwn = ({ id }: Token): boolean => id === session.value?.token.id;

const columnsFor = (again: () => void, onRolled: (value: string) => void): readonly Column<Token>[] => [
  {
    name: 'Name',
    kind: 'free',
    cell: (token) => (
      <>
        <bdi class="breaks">{token.name}</bdi>
        {isOwn(token) && <span class="quiet"> (yours, here)</span>}
      </>
    ),
  },
  { name: 'Status', cell: ({ status }) => <Badge word={status} tone={TONES[status] ?? 'off'} /> },
  { name: 'May', kind: 'wide', cell: (token) => <span class="quiet">{grantsOf(token).join(', ')}</span> },
  { name: 'Used', cell: ({ last_used_on: at }) => (at ? <Time at={at} isShort /> : 'never') },
  { name: 'Ends', cell: ({ expires_on: at }) => (at ? <Time at={at} isShort /> : 'never') },
  ...(may('API Tokens Write')
    ? [
        {
          name: 'Change',
          cell: (token: Token) => <Changes token={token} again={again} onRolled={onRolled} />,
        },
      ]
    : []),
];

interface ChangesProps {
  readonly token: Token;
  readonly again: () => void;
  /** Told the new secret. */
  readonly onRolled: (value: string) => void;
}

/** Gives a token another secret: the one before is refused at once. */
const Roll = ({ token, again, onRolled }: ChangesProps) => (
  <Confirm
    label="Roll"
    kind="small"
    title={`Give ${token.name} another secret?`}
    work={async () => {
      const { result } = await ask<string>('PUT', `/user/tokens/${part(token.id)}/value`, { body: {} });
      onRolled(result);
    }}
    done="The token has another secret."
    onDone={again}
  >
    <p>
      The secret that it has now is refused at once
      {isOwn(token) ? '; you are signed out here, and see the new one once' : ''}.
    </p>
  </Confirm>
);

/** What a token is made of beside its status stays as it is. */
function Changes({ token, again, onRolled }: ChangesProps) {
  const path = `/user/tokens/${part(token.id)}`;
  const { name, policies } = token;
  const kept = Object.fromEntries(
    Object.entries(token).filter(([field]) => ['condition', 'not_before', 'expires_on'].includes(field)),
  );
  const isOff = token.status === 'disabled';
  const work = () =>
    ask('PUT', path, { body: { ...kept, name, policies, status: isOff ? 'active' : 'disabled' } });
  return (
    <span class="buttons">
      <Roll token={token} onRolled={onRolled} again={again} />
      {isOff ? (
        <Action label="Switch on" kind="small" work={work} done="The token is on." onDone={again} />
      ) : (
        <Confirm
          label="Switch off"
          kind="small"
          title={`Switch ${name} off?`}
          work={work}
          done="The token is off."
          onDone={again}
        >
          <p>Whoever uses it is refused at once{isOwn(token) ? '; you are signed out here' : ''}.</p>
        </Confirm>
      )}
      <Confirm
        label="Delete"
        kind="small"
        title={`Delete ${name}?`}
        work={() => ask('DELETE', path)}
        done="The token is deleted."
        onDone={again}
      >
        <p>
          Whoever uses it is refused at once, and what it made goes with it
          {isOwn(token) ? '; you are signed out here' : ''}. This cannot be undone.
        </p>
      </Confirm>
    </span>
  );
}
