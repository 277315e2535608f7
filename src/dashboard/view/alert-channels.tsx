/** Webhooks and services of PagerDuty that alerts are sent to. */
import { useState } from 'preact/hooks';
import { WEBHOOK_KINDS } from '../../pack/webhook.ts';
import { useAnswer, useDoing } from '../api/answer.ts';
import { ask, part, type Refusal } from '../api/client.ts';
import type { Named } from '../api/wire.ts';
import type { Webhook } from '../api/wire-alerts.ts';
import { say } from '../part/announce.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Rest } from '../part/field.tsx';
import { Choice, Text } from '../part/inputs.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Time } from '../part/time.tsx';
import { may } from '../session.ts';
import { plain } from '../words.ts';
import { NewService, PAGERDUTY, Services } from './alert-pagerduty.tsx';
import { AlertsFrame, alertingPath, mayChangeAlerts } from './alerts-frame.tsx';
import { Secret } from './token-form.tsx';

const WEBHOOKS = 'destinations/webhooks';

export function Channels() {
  const isAllowed = may('Notifications Read');
  const [key, setKey] = useState<string>();
  const webhooks = useAnswer<readonly Webhook[]>(isAllowed ? alertingPath(WEBHOOKS) : undefined, 15);
  const services = useAnswer<readonly Named[]>(isAllowed ? alertingPath(PAGERDUTY) : undefined);
  return (
    <AlertsFrame title="Channels">
      {key !== undefined && <Secret value={key} what="the signing key" onTaken={() => setKey(undefined)} />}
      <Section title="Webhooks">
        <Shown of={webhooks} what="the webhooks">
          {({ result }) =>
            result.length === 0 ? (
              <p class="quiet">None yet.</p>
            ) : (
              <Table
                of="Webhooks"
                rows={result}
                columns={webhookColumns(webhooks.again, setKey)}
                keyOf={({ id }) => id}
              />
            )
          }
        </Shown>
      </Section>
      <Services services={services} />
      {mayChangeAlerts() && (
        <Section title="New webhook">
          <NewWebhook onMade={webhooks.again} onKey={setKey} />
        </Section>
      )}
      {mayChangeAlerts() && (
        <Section title="New service of PagerDuty">
          <NewService onMade={services.again} />
        </Section>
      )}
    </AlertsFrame>
  );
}

const webhookColumns = (again: () => void, onKey: (key: string) => void): readonly Column<Webhook>[] => [
  { name: 'Name', kind: 'wide', cell: ({ name }) => <bdi class="breaks">{name}</bdi> },
  { name: 'Address', kind: 'wide', cell: ({ url }) => <bdi class="breaks">{url}</bdi> },
  { name: 'Shape', cell: ({ type }) => plain(type) },
  { name: 'Taken last', cell: ({ last_success: at }) => <Time at={at} isShort /> },
  { name: 'Failed last', cell: ({ last_failure: at }) => <Time at={at} isShort /> },
  ...(mayChangeAlerts()
    ? [{ name: 'Change', cell: (one: Webhook) => <Changes webhook={one} again={again} onKey={onKey} /> }]
    : []),
];

interface ChangesProps {
  readonly webhook: Webhook;
  readonly again: () => void;
  readonly onKey: (key: string) => void;
}

const Changes = ({ webhook: { id, name }, again, onKey }: ChangesProps) => (
  <span class="buttons">
    <Confirm
      label="Roll key"
      kind="small"
      title={`Sign with another key for ${name}?`}
      work={async () => {
        const path = alertingPath(`${WEBHOOKS}/${part(id)}/signing_key`);
        const { result } = await ask<{ readonly signing_key: string }>('PUT', path, { body: {} });
        onKey(result.signing_key);
      }}
      done="The webhook has another key."
    >
      <p>What is sent from now on is signed with the new key, which is shown once.</p>
    </Confirm>
    <Confirm
      label="Delete"
      kind="small"
      title={`Delete ${name}?`}
      work={() => ask('DELETE', alertingPath(`${WEBHOOKS}/${part(id)}`))}
      done="The webhook is deleted."
      onDone={again}
    >
      <p>Nothing is sent to it any more: policies that name it do without.</p>
    </Confirm>
  </span>
);

const EMPTY = { name: '', url: '', secret: '' };
type Kind = (typeof WEBHOOK_KINDS)[number] | '';

const KINDS: readonly (readonly [Kind, string])[] = [
  ['', 'as the address tells'],
  ...WEBHOOK_KINDS.map((one) => [one, plain(one)] as const),
];
const FIELDS = ['name', 'url', 'secret', 'type'] as const;

interface NewWebhookProps {
  readonly onMade: () => void;
  readonly onKey: (key: string) => void;
}

function NewWebhook({ onMade, onKey }: NewWebhookProps) {
  const [draft, setDraft] = useState(EMPTY);
  const [kind, setKind] = useState<Kind>('');
  const doing = useDoing();
  const work = async () => {
    const { secret, ...rest } = draft;
    const body = { ...rest, ...(secret !== '' && { secret }), ...(kind !== '' && { type: kind }) };
    const { result } = await ask<{ readonly signing_key: string }>('POST', alertingPath(WEBHOOKS), { body });
    onKey(result.signing_key);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!(await doing.run(work))) return;
    say('The webhook is made.');
    setDraft(EMPTY);
    onMade();
  };
  return (
    <form class="form" noValidate onSubmit={(event) => void submit(event)}>
      <WebhookFields
        draft={draft}
        set={(change) => setDraft({ ...draft, ...change })}
        refusal={doing.refusal}
      />
      <Choice
        label="Shape"
        name="type"
        wrong={doing.refusal?.of('type')}
        value={kind}
        options={KINDS}
        onPick={setKind}
      />
      <Rest refusal={doing.refusal} fields={FIELDS} />
      <div class="buttons">
        <button type="submit" class="primary" aria-disabled={doing.isDoing}>
          Make the webhook
        </button>
      </div>
    </form>
  );
}

interface WebhookFieldsProps {
  readonly draft: typeof EMPTY;
  readonly set: (change: Partial<typeof EMPTY>) => void;
  readonly refusal: Refusal | undefined;
}

const WebhookFields = ({ draft, set, refusal }: WebhookFieldsProps) => (
  <>
    <Text
      label="Name"
      name="webhook-name"
      wrong={refusal?.of('name')}
      value={draft.name}
      onText={(name) => set({ name })}
    />
    <Text
      label="Address"
      name="url"
      wrong={refusal?.of('url')}
      value={draft.url}
      hint="It begins with https."
      onText={(url) => set({ url })}
    />
    <Text
      label="Secret"
      name="secret"
      hint="Sent with each alert in the header cf-webhook-auth. Empty: none."
      wrong={refusal?.of('secret')}
      value={draft.secret}
      onText={(secret) => set({ secret })}
    />
  </>
);
