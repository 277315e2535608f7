/** Services of PagerDuty that alerts are sent to. */
import { useState } from 'preact/hooks';
import { type Answer, useDoing } from '../api/answer.ts';
import { ask, part } from '../api/client.ts';
import { newKey } from '../api/new-key.ts';
import type { Named } from '../api/wire.ts';
import { say } from '../part/announce.tsx';
import { Confirm } from '../part/confirm.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Text } from '../part/inputs.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { alertingPath, mayChangeAlerts } from './alerts-frame.tsx';

export const PAGERDUTY = 'destinations/pagerduty';

export const Services = ({ services }: { readonly services: Answer<readonly Named[]> }) => (
  <Section title="Services of PagerDuty">
    <Shown of={services} what="the services">
      {({ result }) =>
        result.length === 0 ? (
          <p class="quiet">None yet.</p>
        ) : (
          <Table
            of="Services of PagerDuty"
            rows={result}
            columns={columnsFor(services.again)}
            keyOf={({ id }) => id}
          />
        )
      }
    </Shown>
  </Section>
);

const columnsFor = (again: () => void): readonly Column<Named>[] => [
  { name: 'Name', kind: 'wide', cell: ({ name }) => <bdi class="breaks">{name}</bdi> },
  ...(mayChangeAlerts()
    ? [
        {
          name: 'Change',
          cell: ({ id, name }: Named) => (
            <Confirm
              label="Delete"
              kind="small"
              title={`Delete ${name}?`}
              work={() => ask('DELETE', alertingPath(`${PAGERDUTY}/${part(id)}`))}
              done="The service is deleted."
              onDone={again}
            />
          ),
        },
      ]
    : []),
];

const EMPTY = { name: '', integrationKey: '' };
const FIELDS = ['name', 'integration_key'] as const;

/** Adds a service by the key of its integration for events, which is in no answer. */
export function NewService({ onMade }: { readonly onMade: () => void }) {
  const [draft, setDraft] = useState(EMPTY);
  // The same click twice adds one.
  const [key, setKey] = useState(newKey);
  const doing = useDoing();
  const set = (change: Partial<typeof EMPTY>) => {
    setDraft({ ...draft, ...change });
    setKey(newKey());
  };
  const work = () => {
    const body = { name: draft.name, integration_key: draft.integrationKey.trim() };
    return ask('POST', alertingPath(PAGERDUTY), { body, headers: { 'idempotency-key': key } });
  };
  const done = () => {
    say('The service is added.');
    set(EMPTY);
    onMade();
  };
  return (
    <EditForm doing={doing} fields={FIELDS} label="Add the service" work={work} onDone={done}>
      <Text
        label="Name of the service"
        name="service-name"
        wrong={doing.refusal?.of('name')}
        value={draft.name}
        onText={(name) => set({ name })}
      />
      <Text
        label="Integration key"
        name="integration_key"
        hint="Of an integration of the service by Events API v2. It is stored sealed, and shown to nobody again."
        wrong={doing.refusal?.of('integration_key')}
        value={draft.integrationKey}
        onText={(integrationKey) => set({ integrationKey })}
      />
    </EditForm>
  );
}
