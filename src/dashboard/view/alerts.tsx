/** Who is told of what: policies of alerts, and when they are silent. */
import { type Answer, useAnswer } from '../api/answer.ts';
import { ask, part } from '../api/client.ts';
import type { Named } from '../api/wire.ts';
import type { AlertPolicy, AvailableAlerts, Known, Silence, Webhook } from '../api/wire-alerts.ts';
import { Badge } from '../part/badge.tsx';
import { Action, Confirm } from '../part/confirm.tsx';
import { Dialog, useDialog } from '../part/dialog.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { may } from '../session.ts';
import { PolicyForm } from './alert-policy-form.tsx';
import { SilencePolicy, Silences } from './alert-silences.tsx';
import { AlertsFrame, alertingPath, mayChangeAlerts } from './alerts-frame.tsx';

export function Alerts() {
  const isAllowed = may('Notifications Read');
  const asked = (of: string) => (isAllowed ? alertingPath(of) : undefined);
  const types = useAnswer<AvailableAlerts>(asked('available_alerts'));
  const webhooks = useAnswer<readonly Webhook[]>(asked('destinations/webhooks'));
  const services = useAnswer<readonly Named[]>(asked('destinations/pagerduty'));
  const policies = useAnswer<readonly AlertPolicy[]>(asked('policies'));
  const silences = useAnswer<readonly Silence[]>(asked('silences'));
  const known = {
    types: Object.values(types.reply?.result ?? {}).flat(),
    webhooks: webhooks.reply?.result ?? [],
    services: services.reply?.result ?? [],
  };
  return (
    <AlertsFrame title="Alerts">
      <Policies policies={policies} known={known} onSilenced={silences.again} />
      <Section title="Silences">
        <Shown of={silences} what="the silences">
          {({ result }) => (
            <Silences silences={result} policies={policies.reply?.result ?? []} again={silences.again} />
          )}
        </Shown>
      </Section>
      {mayChangeAlerts() && (
        <Section title="New policy">
          <Shown of={types} what="the types of alerts">
            {() => <PolicyForm known={known} onDone={policies.again} />}
          </Shown>
        </Section>
      )}
    </AlertsFrame>
  );
}

interface PoliciesProps {
  readonly policies: Answer<readonly AlertPolicy[]>;
  readonly known: Known;
  readonly onSilenced: () => void;
}

const Policies = ({ policies, known, onSilenced }: PoliciesProps) => (
  <Section title="Policies">
    <Shown of={policies} what="the policies">
      {({ result }) =>
        result.length === 0 ? (
          <p class="quiet">None yet: nobody is told of anything.</p>
        ) : (
          <Table
            of="Policies"
            rows={result}
            columns={columnsFor(known, policies.again, onSilenced)}
            keyOf={({ id }) => id}
          />
        )
      }
    </Shown>
  </Section>
);

const nameOf = ({ types }: Known, type: string): string =>
  types.find((one) => one.type === type)?.display_name ?? type;

const namedIn = (all: readonly Named[], id: string): string => all.find((one) => one.id === id)?.name ?? id;

/** Channels by their names, as far as these are known. */
function channelsOf({ mechanisms }: AlertPolicy, { webhooks, services }: Known): string[] {
  const hooks = (mechanisms.webhooks ?? []).map(({ id }) => namedIn(webhooks, id));
  const mails = (mechanisms.email ?? []).map(({ id }) => id);
  const paged = (mechanisms.pagerduty ?? []).map(({ id }) => `PagerDuty ${namedIn(services, id)}`);
  return [...hooks, ...mails, ...paged];
}

const columnsFor = (
  known: Known,
  again: () => void,
  onSilenced: () => void,
): readonly Column<AlertPolicy>[] => [
  { name: 'Policy', kind: 'wide', cell: ({ name }) => <bdi class="breaks">{name}</bdi> },
  { name: 'Tells of', kind: 'free', cell: ({ alert_type: type }) => <bdi>{nameOf(known, type)}</bdi> },
  {
    name: 'To',
    kind: 'wide',
    cell: (policy) => <bdi class="breaks">{channelsOf(policy, known).join(', ') || 'nobody'}</bdi>,
  },
  {
    name: 'Status',
    cell: ({ enabled }) => <Badge word={enabled ? 'on' : 'off'} tone={enabled ? 'good' : 'off'} />,
  },
  ...(mayChangeAlerts()
    ? [
        {
          name: 'Change',
          cell: (policy: AlertPolicy) => (
            <Changes policy={policy} known={known} again={again} onSilenced={onSilenced} />
          ),
        },
      ]
    : []),
];

interface ChangesProps {
  readonly policy: AlertPolicy;
  readonly known: Known;
  readonly again: () => void;
  readonly onSilenced: () => void;
}

function Changes({ policy, known, again, onSilenced }: ChangesProps) {
  const path = alertingPath(`policies/${part(policy.id)}`);
  const { enabled, name } = policy;
  const dialog = useDialog();
  const done = () => {
    dialog.close();
    again();
  };
  return (
    <span class="buttons">
      <button type="button" class="small" onClick={dialog.open}>
        Change
      </button>
      <Dialog of={dialog} title={`Change ${name}`}>
        <PolicyForm policy={policy} known={known} onDone={done} onCancel={dialog.close} />
      </Dialog>
      <SilencePolicy policy={policy} onDone={onSilenced} />
      <Action
        label={enabled ? 'Switch off' : 'Switch on'}
        kind="small"
        work={() => ask('PUT', path, { body: { enabled: !enabled } })}
        done={enabled ? 'The policy is off.' : 'The policy is on.'}
        onDone={again}
      />
      <Confirm
        label="Delete"
        kind="small"
        title={`Delete ${name}?`}
        work={() => ask('DELETE', path)}
        done="The policy is deleted."
        onDone={again}
      >
        <p>Nobody is told by it any more, and its silences go with it.</p>
      </Confirm>
    </span>
  );
}
