/** Enrols an edge. */
import { useState } from 'preact/hooks';
import { EDGE_KINDS, type EdgeKind, ENVIRONMENTS, type Environment } from '../../pack/pack.ts';
import { useDoing } from '../api/answer.ts';
import { ask, type Refusal } from '../api/client.ts';
import type { EdgeWithToken } from '../api/wire-edges.ts';
import { say } from '../part/announce.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Check, Choice, Text } from '../part/inputs.tsx';
import { plain } from '../words.ts';
import { edgesPath, REGIONS } from './edge-words.tsx';

interface Draft {
  readonly name: string;
  readonly kind: EdgeKind;
  readonly environment: Environment;
  readonly regions: readonly string[];
  readonly country: string;
  readonly isHighestSecurity: boolean;
  readonly host: string;
  readonly port: string;
}

const EMPTY: Draft = {
  name: '',
  kind: 'bundled',
  environment: 'production',
  regions: [],
  country: '',
  isHighestSecurity: false,
  host: '',
  port: '',
};
const KINDS = EDGE_KINDS.map((one) => [one, plain(one)] as const);
const SERVES = ENVIRONMENTS.map((one) => [one, one] as const);
const FIELDS = ['name', 'kind', 'environment', 'region', 'country', 'host', 'port'] as const;

/** What is sent: what is empty is not said. */
const bodyOf = ({ regions, country, isHighestSecurity, host, port, ...draft }: Draft) => ({
  name: draft.name.trim(),
  kind: draft.kind,
  environment: draft.environment,
  ...(regions.length > 0 && { region: regions }),
  ...(country.trim() !== '' && { country: country.trim().toUpperCase() }),
  ...(isHighestSecurity && { highest_security: true }),
  ...(host.trim() !== '' && { host: host.trim() }),
  ...(port.trim() !== '' && { port: /^\d+$/.test(port.trim()) ? Number(port) : port }),
});

export function EdgeForm({ onMade }: { readonly onMade: (edge: EdgeWithToken) => void }) {
  const [draft, setDraft] = useState(EMPTY);
  const doing = useDoing();
  const work = async () => {
    const { result } = await ask<EdgeWithToken>('POST', edgesPath(), { body: bodyOf(draft) });
    onMade(result);
  };
  const done = () => {
    say('The edge is enrolled: take its token now.');
    setDraft(EMPTY);
  };
  return (
    <EditForm doing={doing} fields={FIELDS} label="Enrol it" work={work} onDone={done}>
      <Fields draft={draft} refusal={doing.refusal} set={(change) => setDraft({ ...draft, ...change })} />
    </EditForm>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly refusal: Refusal | undefined;
  readonly set: (change: Partial<Draft>) => void;
}

const Fields = ({ draft, refusal, set }: FieldsProps) => (
  <>
    <Text
      label="Name"
      name="name"
      placeholder="fra-1"
      wrong={refusal?.of('name')}
      value={draft.name}
      onText={(name) => set({ name })}
    />
    <div class="row">
      <Choice
        label="Kind"
        name="kind"
        wrong={refusal?.of('kind')}
        value={draft.kind}
        options={KINDS}
        onPick={(kind) => set({ kind })}
      />
      <Choice
        label="Serves"
        name="environment"
        value={draft.environment}
        options={SERVES}
        onPick={(environment) => set({ environment })}
      />
    </div>
    <Where draft={draft} refusal={refusal} set={set} />
    <details>
      <summary>Handshakes from the service too</summary>
      <p class="hint">Beside what its agent reports, the service itself asks the edge for what it shows.</p>
      <div class="row">
        <Text
          label="Host"
          name="host"
          wrong={refusal?.of('host')}
          value={draft.host}
          onText={(host) => set({ host })}
        />
        <Text
          label="Port"
          name="port"
          wrong={refusal?.of('port')}
          value={draft.port}
          onText={(port) => set({ port })}
        />
      </div>
    </details>
  </>
);

const CODES = Object.entries(REGIONS);

/** Where it is: keys that may be nowhere else go there, so it cannot be changed later. */
const Where = ({ draft, refusal, set }: FieldsProps) => (
  <details>
    <summary>Where it is</summary>
    <p class="hint">
      Private keys that have to stay in a region go to edges of which it is said that they are there, and to
      no other. It cannot be changed later.
    </p>
    <fieldset class="checks">
      <legend>Regions</legend>
      {CODES.map(([code, name]) => (
        <Check
          key={code}
          label={`${code}, ${name}`}
          name={code}
          isOn={draft.regions.includes(code)}
          onChange={(isOn) =>
            set({ regions: isOn ? [...draft.regions, code] : draft.regions.filter((one) => one !== code) })
          }
        />
      ))}
    </fieldset>
    <Text
      label="Country, by two letters"
      name="country"
      wrong={refusal?.of('country') ?? refusal?.of('region')}
      value={draft.country}
      onText={(country) => set({ country })}
    />
    <Check
      label="Keys of highest security may be there"
      name="highest_security"
      isOn={draft.isHighestSecurity}
      onChange={(isHighestSecurity) => set({ isHighestSecurity })}
    />
  </details>
);
