import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask, part, type Refusal } from '../api/client.ts';
import type { Named } from '../api/wire.ts';
import type { AlertPolicy, AlertType, Known, Mechanism } from '../api/wire-alerts.ts';
import { say } from '../part/announce.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Check, Choice, Text } from '../part/inputs.tsx';
import { alertingPath } from './alerts-frame.tsx';

interface Draft {
  readonly name: string;
  readonly type: string;
  readonly webhooks: readonly string[];
  readonly services: readonly string[];
  /** Addresses, one a line. */
  readonly email: string;
  /** None: of all. */
  readonly events: readonly string[];
  readonly interval: string;
}

const idsIn = (policy: AlertPolicy, kind: Mechanism): string[] =>
  (policy.mechanisms[kind] ?? []).map(({ id }) => id);

const newDraft = (types: readonly AlertType[]): Draft => ({
  name: '',
  type: types[0]?.type ?? '',
  webhooks: [],
  services: [],
  email: '',
  events: [],
  interval: '',
});

const draftOf = (policy: AlertPolicy): Draft => ({
  name: policy.name,
  type: policy.alert_type,
  webhooks: idsIn(policy, 'webhooks'),
  services: idsIn(policy, 'pagerduty'),
  email: idsIn(policy, 'email').join('\n'),
  events: policy.filters['event_type'] ?? [],
  interval: policy.alert_interval ?? '',
});

const toIds = (ids: readonly string[]) => ids.map((id) => ({ id }));

/** What there is no field for stays as it is. */
const bodyOf = (draft: Draft, policy: AlertPolicy | undefined) => ({
  name: draft.name.trim(),
  alert_type: draft.type,
  enabled: policy?.enabled ?? true,
  mechanisms: {
    ...policy?.mechanisms,
    webhooks: toIds(draft.webhooks),
    pagerduty: toIds(draft.services),
    email: toIds(draft.email.split(/[\s,]+/).filter(Boolean)),
  },
  filters: {
    ...(policy?.alert_type === draft.type && policy.filters),
    ...(draft.events.length > 0 ? { event_type: draft.events } : { event_type: undefined }),
  },
  alert_interval: draft.interval.trim() || null,
});

const FIELDS = ['name', 'alert_type', 'mechanisms', 'filters', 'alert_interval'] as const;

interface PolicyFormProps {
  readonly known: Known;
  /** The one that is changed; undefined: a new one is made. */
  readonly policy?: AlertPolicy;
  readonly onDone: () => void;
  readonly onCancel?: () => void;
}

/** Makes a policy of alerts, or changes one. */
export function PolicyForm({ known, policy, onDone, onCancel }: PolicyFormProps) {
  const [draft, setDraft] = useState(() => (policy ? draftOf(policy) : newDraft(known.types)));
  const doing = useDoing();
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const work = () =>
    policy
      ? ask('PUT', alertingPath(`policies/${part(policy.id)}`), { body: bodyOf(draft, policy) })
      : ask('POST', alertingPath('policies'), { body: bodyOf(draft, undefined) });
  const done = () => {
    say(policy ? 'The policy is changed.' : 'The policy is made.');
    if (!policy) setDraft(newDraft(known.types));
    onDone();
  };
  const label = policy ? 'Change the policy' : 'Make the policy';
  return (
    <EditForm doing={doing} fields={FIELDS} label={label} work={work} onDone={done} onCancel={onCancel}>
      <Fields draft={draft} set={set} refusal={doing.refusal} known={known} />
    </EditForm>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly refusal: Refusal | undefined;
  readonly known: Known;
}

function Fields({ draft, set, refusal, known }: FieldsProps) {
  const type = known.types.find((one) => one.type === draft.type);
  return (
    <>
      <Text
        label="Name"
        name="policy-name"
        wrong={refusal?.of('name')}
        value={draft.name}
        onText={(name) => set({ name })}
      />
      <Choice
        label="Tells of"
        name="alert_type"
        hint={type?.description}
        wrong={refusal?.of('alert_type')}
        value={draft.type}
        options={known.types.map((one) => [one.type, one.display_name] as const)}
        onPick={(picked) => set({ type: picked, events: [] })}
      />
      {type && <Events type={type} draft={draft} set={set} />}
      {refusal?.of('filters') && <p class="wrong-text">{refusal.of('filters')}</p>}
      <Channels draft={draft} set={set} refusal={refusal} known={known} />
      <Text
        label="At most every"
        name="interval"
        hint="As 30m, 24h or 7d: the same of a pack is not told again sooner. Empty: each time."
        wrong={refusal?.of('alert_interval')}
        value={draft.interval}
        onText={(interval) => set({ interval })}
      />
    </>
  );
}

const without = (all: readonly string[], one: string): string[] => all.filter((each) => each !== one);

function Events({ type, draft, set }: Pick<FieldsProps, 'draft' | 'set'> & { readonly type: AlertType }) {
  const values = type.filter_options.find(({ Key: key }) => key === 'event_type')?.AvailableValues ?? [];
  if (values.length === 0) return null;
  return (
    <details open={draft.events.length > 0}>
      <summary>Only some events</summary>
      <fieldset class="checks">
        <legend class="unseen">Events</legend>
        {values.map(({ ID: id, Description: says }) => (
          <Check
            key={id}
            label={says}
            name={id}
            isOn={draft.events.includes(id)}
            onChange={(isOn) => set({ events: isOn ? [...draft.events, id] : without(draft.events, id) })}
          />
        ))}
      </fieldset>
    </details>
  );
}

const Channels = ({ draft, set, refusal, known }: FieldsProps) => (
  <>
    <Picked
      title="To the webhooks"
      all={known.webhooks}
      picked={draft.webhooks}
      onPick={(webhooks) => set({ webhooks })}
    />
    <Picked
      title="To the services of PagerDuty"
      all={known.services}
      picked={draft.services}
      onPick={(services) => set({ services })}
    />
    <Text
      label="To the mail addresses"
      name="email"
      hint="One a line."
      wrong={refusal?.of('mechanisms')}
      rows={2}
      value={draft.email}
      onText={(email) => set({ email })}
    />
  </>
);

interface PickedProps {
  readonly title: string;
  readonly all: readonly Named[];
  readonly picked: readonly string[];
  readonly onPick: (picked: readonly string[]) => void;
}

/** Some of several, where there are any. */
const Picked = ({ title, all, picked, onPick }: PickedProps) =>
  all.length > 0 ? (
    <fieldset class="checks">
      <legend>{title}</legend>
      {all.map(({ id, name }) => (
        <Check
          key={id}
          label={name}
          name={id}
          isOn={picked.includes(id)}
          onChange={(isOn) => onPick(isOn ? [...picked, id] : without(picked, id))}
        />
      ))}
    </fieldset>
  ) : null;
