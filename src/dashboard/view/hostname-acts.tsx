/** What is done with one custom hostname: looked at, changed, deleted. */
import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask, type Refusal } from '../api/client.ts';
import type { CustomHostname } from '../api/wire-hostnames.ts';
import { say } from '../part/announce.tsx';
import { Action, Confirm } from '../part/confirm.tsx';
import { Dialog, useDialog } from '../part/dialog.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Choice, Text } from '../part/inputs.tsx';
import { go } from '../route.ts';
import { changeOf, type Draft, draftOf, SETTINGS, VERSIONS } from './hostname-change.ts';
import { Issued, NEEDS, Own, WAYS } from './hostname-form.tsx';
import { hostnamePath } from './hostname-words.ts';

interface ActsProps {
  readonly zoneId: string;
  readonly hostname: CustomHostname;
  readonly again: () => void;
}

export const HostnameActs = (props: ActsProps) => {
  const { zoneId, hostname, again } = props;
  const path = hostnamePath(zoneId, hostname.id);
  return (
    <>
      <Action
        label="Look now"
        work={() => ask('PATCH', path, { body: {} })}
        done="It is looked at now, and what timed out is tried again."
        onDone={again}
      />
      <Change {...props} />
      <Confirm
        label="Delete"
        title={`Delete ${hostname.hostname}?`}
        work={() => ask('DELETE', path)}
        done="The hostname is being deleted."
        onDone={() => go(['zones', zoneId, 'hostnames'])}
      >
        <p>It is taken off the edges with its certificates. This cannot be undone.</p>
      </Confirm>
    </>
  );
};

function Change({ zoneId, hostname, again }: ActsProps) {
  const dialog = useDialog();
  const done = () => {
    say(`${hostname.hostname} is changed.`);
    dialog.close();
    again();
  };
  return (
    <>
      <button type="button" onClick={dialog.open}>
        Change
      </button>
      <Dialog of={dialog} title={`Change ${hostname.hostname}`}>
        <ChangeForm zoneId={zoneId} hostname={hostname} onDone={done} onCancel={dialog.close} />
      </Dialog>
    </>
  );
}

interface ChangeProps extends Pick<ActsProps, 'zoneId' | 'hostname'> {
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

const FIELDS = ['ssl', 'custom_origin_server', 'custom_origin_sni', 'custom_metadata'] as const;

/** What is changed is sent, and nothing else. */
function ChangeForm({ zoneId, hostname, onDone, onCancel }: ChangeProps) {
  // As it was when the form was opened: the view behind it goes on asking.
  const [was] = useState(hostname);
  const [draft, setDraft] = useState(() => draftOf(was));
  const doing = useDoing();
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const fields = { draft, set, refusal: doing.refusal };
  return (
    <EditForm
      doing={doing}
      fields={FIELDS}
      label="Change it"
      work={() => ask('PATCH', hostnamePath(zoneId, was.id), { body: changeOf(draft, was) })}
      onDone={onDone}
      onCancel={onCancel}
    >
      <Certificates {...fields} isWithout={was.ssl === undefined} />
      <Origin {...fields} />
      {was.ssl && <Settings {...fields} />}
    </EditForm>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly refusal: Refusal | undefined;
}

const Certificates = ({ draft, set, refusal, isWithout }: FieldsProps & { readonly isWithout: boolean }) => (
  <>
    <Choice
      label="Certificate"
      name="way"
      hint={NEEDS[draft.way]}
      wrong={draft.way === 'upload' ? undefined : refusal?.of('ssl')}
      value={draft.way}
      options={WAYS.filter(([way]) => isWithout || way !== 'none')}
      onPick={(way) => set({ way, wildcard: draft.wildcard && way !== 'http' })}
    />
    {draft.way === 'upload' && <Own draft={draft} set={set} refusal={refusal} />}
    {!['upload', 'none'].includes(draft.way) && <Issued draft={draft} set={set} />}
  </>
);

const Origin = ({ draft, set, refusal }: FieldsProps) => (
  <>
    <Text
      label="Origin of its own"
      name="custom_origin_server"
      hint="A name in this zone. Empty: the fallback origin."
      wrong={refusal?.of('custom_origin_server')}
      value={draft.origin}
      onText={(origin) => set({ origin })}
    />
    <Text
      label="Name that the origin is asked for (SNI)"
      name="custom_origin_sni"
      hint="Empty: that of the origin. :request_host_header: is the name of each request."
      wrong={refusal?.of('custom_origin_sni')}
      value={draft.sni}
      onText={(sni) => set({ sni })}
    />
    <Text
      label="Metadata"
      name="custom_metadata"
      hint="A line each: name=value. Or an object in JSON, for values of several lines."
      wrong={refusal?.of('custom_metadata')}
      rows={3}
      value={draft.metadata}
      onText={(metadata) => set({ metadata })}
    />
  </>
);

const ON_OFF = [
  ['', 'as usual'],
  ['on', 'on'],
  ['off', 'off'],
] as const;

const Settings = ({ draft, set }: FieldsProps) => (
  <details>
    <summary>TLS with clients</summary>
    <p class="hint">Kept and told; the edges do not go by it yet.</p>
    <div class="row">
      {SETTINGS.map(([name, label]) => (
        <Choice
          key={name}
          label={label}
          name={name}
          value={ON_OFF.find(([one]) => one === draft[name])?.[0] ?? ''}
          options={ON_OFF}
          onPick={(value) => set({ [name]: value })}
        />
      ))}
      <Choice
        label="Oldest TLS"
        name="min_tls_version"
        value={VERSIONS.find(([one]) => one === draft.min_tls_version)?.[0] ?? ''}
        options={VERSIONS}
        onPick={(version) => set({ min_tls_version: version })}
      />
    </div>
  </details>
);
