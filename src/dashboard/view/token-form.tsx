import { useState } from 'preact/hooks';
import { PERMISSIONS } from '../../pack/permission.ts';
import { useDoing } from '../api/answer.ts';
import { ask, Refusal, withQuery } from '../api/client.ts';
import type { Token, Zone } from '../api/wire.ts';
import { now } from '../now.ts';
import { say } from '../part/announce.tsx';
import { Copied } from '../part/copy.tsx';
import { Rest } from '../part/field.tsx';
import { Choice, Text } from '../part/inputs.tsx';
import { Section } from '../part/section.tsx';
import { accountId, may } from '../session.ts';

const READS = ['SSL and Certificates Read', 'Zone Read', 'DNS Read'] as const;
const OF_ACCOUNT = ['Account Settings Read', 'Notifications Read'] as const;

/** What tokens are usually made for. */
const ACCESS = {
  read: { says: 'read', zone: READS },
  certificates: { says: 'read, order and change packs', zone: [...READS, 'SSL and Certificates Write'] },
  write: {
    says: 'read and write all but tokens',
    zone: [...READS, 'SSL and Certificates Write', 'Zone Write', 'DNS Write'],
  },
} as const;
type Access = keyof typeof ACCESS;
const ACCESSES = ['read', 'certificates', 'write'] as const;

const groups = (names: readonly (keyof typeof PERMISSIONS)[]) =>
  names.map((name) => ({ id: PERMISSIONS[name].id }));

const ZONE = 'com.cloudflare.api.account.zone';

/** Limited to zones a token has nothing of the account. */
const policiesOf = (access: Access, zones: readonly string[]) => [
  {
    effect: 'allow',
    resources: Object.fromEntries((zones.length > 0 ? zones : ['*']).map((id) => [`${ZONE}.${id}`, '*'])),
    permission_groups: groups(ACCESS[access].zone),
  },
  ...(zones.length > 0
    ? []
    : [
        {
          effect: 'allow',
          resources: { [`com.cloudflare.api.account.${accountId()}`]: '*' },
          // Nobody gives what they have not got.
          permission_groups: groups(OF_ACCOUNT.filter((one) => may(one))),
        },
      ]),
];

const LIVES = [
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
  ['', 'never'],
] as const;

interface Draft {
  readonly name: string;
  readonly access: Access;
  readonly days: (typeof LIVES)[number][0];
  /** Names, one a line; none: all. */
  readonly zones: string;
  /** Addresses or networks from which it is good; none: all. */
  readonly from: string;
}

const EMPTY: Draft = { name: '', access: 'read', days: '90', zones: '', from: '' };

const wordsIn = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Ids of zones by their names. Throws `Refusal` where there is none of a name. */
async function idsOf(names: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const { result } = await ask<readonly Zone[]>('GET', withQuery('/zones', { name }));
    const [zone] = result;
    if (!zone)
      throw new Refusal(400, [
        { code: 0, message: `There is no zone ${name}.`, source: { pointer: '/zones' } },
      ]);
    ids.push(zone.id);
  }
  return ids;
}

async function bodyOf({ name, access, days, zones, from }: Draft) {
  const end = new Date(now().getTime() + Number(days) * 86_400_000);
  const ends = days === '' ? {} : { expires_on: `${end.toISOString().slice(0, 19)}Z` };
  const addresses = wordsIn(from);
  return {
    name: name.trim(),
    policies: policiesOf(access, await idsOf(wordsIn(zones))),
    ...ends,
    ...(addresses.length > 0 && { condition: { request_ip: { in: addresses } } }),
  };
}

/** Makes a token, and shows its secret: that once. */
export function NewToken({ onMade }: { readonly onMade: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [made, setMade] = useState<string>();
  const doing = useDoing();
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const submit = async (event: Event) => {
    event.preventDefault();
    const isMade = await doing.run(async () => {
      const body = await bodyOf(draft);
      const { result } = await ask<Token & { readonly value: string }>('POST', '/user/tokens', { body });
      setMade(result.value);
    });
    if (!isMade) return;
    say('The token is made.');
    set({ name: '' });
    onMade();
  };
  return (
    <Section title="New token">
      {made !== undefined && <Secret value={made} onTaken={() => setMade(undefined)} />}
      <form class="form" noValidate onSubmit={(event) => void submit(event)}>
        <Fields draft={draft} set={set} refusal={doing.refusal} />
        <Rest refusal={doing.refusal} fields={['name', 'policies', 'expires_on', 'zones', 'condition']} />
        <div class="buttons">
          <button type="submit" class="primary" aria-disabled={doing.isDoing}>
            Make the token
          </button>
        </div>
      </form>
    </Section>
  );
}

/** A secret, to be taken now: it is never shown again. */
interface SecretProps {
  readonly value: string;
  readonly what?: string;
  readonly onTaken: () => void;
}

export const Secret = ({ value, what = 'the token', onTaken }: SecretProps) => (
  <div class="note" role="status">
    <p>
      This is shown once: <Copied text={value} what={what} />
    </p>
    <button type="button" class="small" onClick={onTaken}>
      I have it
    </button>
  </div>
);

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly refusal: Refusal | undefined;
}

const Fields = ({ draft, set, refusal }: FieldsProps) => (
  <>
    <Text
      label="Name"
      name="name"
      wrong={refusal?.of('name')}
      value={draft.name}
      onText={(name) => set({ name })}
    />
    <div class="row">
      <Choice
        label="It may"
        name="access"
        wrong={refusal?.of('policies')}
        value={draft.access}
        options={ACCESSES.map((one) => [one, ACCESS[one].says])}
        onPick={(access) => set({ access })}
      />
      <Choice
        label="It ends"
        name="days"
        wrong={refusal?.of('expires_on')}
        value={draft.days}
        options={LIVES}
        onPick={(days) => set({ days })}
      />
    </div>
    <div class="row">
      <Text
        label="For the zones"
        name="zones"
        hint="Their names, one a line. None: all zones, and to read the account."
        wrong={refusal?.of('zones')}
        rows={2}
        value={draft.zones}
        onText={(zones) => set({ zones })}
      />
      <Text
        label="From the addresses"
        name="from"
        hint="Addresses or networks, as 192.0.2.0/24, one a line. None: from anywhere."
        wrong={refusal?.of('condition')}
        rows={2}
        value={draft.from}
        onText={(from) => set({ from })}
      />
    </div>
  </>
);
