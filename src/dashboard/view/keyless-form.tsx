/** Brings a certificate whose key stays with its owner, or says anew where that key is. */
import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask, part, type Refusal } from '../api/client.ts';
import { newKey } from '../api/new-key.ts';
import { zonePath } from '../api/paths.ts';
import type { KeylessCertificate } from '../api/wire-certificates.ts';
import { say } from '../part/announce.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Choice, Text } from '../part/inputs.tsx';
import { BUNDLES } from './certificate-form.tsx';
import { parted } from './pem.ts';

export const keylessAllPath = (zoneId: string): string => `${zonePath(zoneId)}/keyless_certificates`;
export const keylessPath = (zoneId: string, id: string): string => `${keylessAllPath(zoneId)}/${part(id)}`;

const FIELDS = ['certificate', 'bundle_method', 'host', 'port', 'name'] as const;
const TOKEN = 'pkcs11:';

interface Place {
  readonly host: string;
  readonly port: string;
  readonly name: string;
}
const NOWHERE: Place = { host: '', port: '', name: '' };

/** A key in a token has no port; what is no number the API refuses in words. */
const placeBody = ({ host, port, name }: Place) => ({
  host: host.trim(),
  name: name.trim(),
  ...(!host.trim().startsWith(TOKEN) &&
    port.trim() !== '' && { port: /^\d+$/.test(port.trim()) ? Number(port) : port }),
});

interface PlaceProps {
  readonly place: Place;
  readonly set: (change: Partial<Place>) => void;
  readonly refusal: Refusal | undefined;
}

const PlaceFields = ({ place, set, refusal }: PlaceProps) => (
  <>
    <Text
      label="Where its key is"
      name="host"
      placeholder="keys.example.net"
      hint="Host of a key server, or pkcs11:token=…;object=… of a key in a PKCS#11 token. The operator has to have configured either."
      wrong={refusal?.of('host')}
      value={place.host}
      onText={(host) => set({ host })}
    />
    {!place.host.trim().startsWith(TOKEN) && (
      <Text
        label="Port of the key server"
        name="port"
        hint="24008 unless told."
        wrong={refusal?.of('port')}
        value={place.port}
        onText={(port) => set({ port })}
      />
    )}
    <Text
      label="Name, for you"
      name="name"
      wrong={refusal?.of('name')}
      value={place.name}
      onText={(name) => set({ name })}
    />
  </>
);

interface NewProps {
  readonly zoneId: string;
  readonly onDone: () => void;
}

/** What is typed, and sent once. */
function useDraft(zoneId: string) {
  const [place, setPlace] = useState(NOWHERE);
  const [certificate, setCertificate] = useState('');
  const [bundle, setBundle] = useState<(typeof BUNDLES)[number][0]>('ubiquitous');
  // The same click twice makes one.
  const [key, setKey] = useState(newKey);
  const work = () =>
    ask('POST', keylessAllPath(zoneId), {
      body: { ...placeBody(place), certificate, bundle_method: bundle },
      headers: { 'idempotency-key': key },
    });
  const fresh = () => setKey(newKey());
  return {
    place,
    certificate,
    bundle,
    work,
    setBundle: (one: typeof bundle) => {
      setBundle(one);
      fresh();
    },
    setPlace: (change: Partial<Place>) => {
      setPlace({ ...place, ...change });
      fresh();
    },
    setCertificate: (text: string) => {
      const { certificate: rest, privateKey } = parted(text);
      if (privateKey !== '') say('The private key is taken out: it stays where it is.');
      setCertificate(privateKey === '' ? text : rest);
      fresh();
    },
    clear: () => {
      setPlace(NOWHERE);
      setCertificate('');
      fresh();
    },
  };
}

export function KeylessForm({ zoneId, onDone }: NewProps) {
  const draft = useDraft(zoneId);
  const doing = useDoing();
  const done = () => {
    say('The certificate is brought: it goes to the edges.');
    draft.clear();
    onDone();
  };
  return (
    <EditForm doing={doing} fields={FIELDS} label="Bring it" work={draft.work} onDone={done}>
      <Text
        label="Certificate in PEM"
        name="certificate"
        hint="The chain with it in any order, and never the key."
        wrong={doing.refusal?.of('certificate')}
        rows={6}
        value={draft.certificate}
        onText={draft.setCertificate}
      />
      <Choice
        label="Chain"
        name="bundle_method"
        value={draft.bundle}
        options={BUNDLES}
        onPick={draft.setBundle}
      />
      <PlaceFields place={draft.place} set={draft.setPlace} refusal={doing.refusal} />
    </EditForm>
  );
}

interface ChangeProps extends NewProps {
  readonly certificate: KeylessCertificate;
  readonly onCancel: () => void;
}

/** Says anew where the key is: edges go by it at once. */
export function KeylessChange({ zoneId, certificate, onDone, onCancel }: ChangeProps) {
  const { id, host, port, name } = certificate;
  const [place, setPlace] = useState<Place>({ host, port: String(port), name });
  const doing = useDoing();
  const done = () => {
    say('It is changed: edges ask there from now on.');
    onDone();
  };
  return (
    <EditForm
      doing={doing}
      fields={FIELDS}
      label="Change it"
      work={() => ask('PATCH', keylessPath(zoneId, id), { body: placeBody(place) })}
      onDone={done}
      onCancel={onCancel}
    >
      <PlaceFields
        place={place}
        set={(change) => setPlace({ ...place, ...change })}
        refusal={doing.refusal}
      />
    </EditForm>
  );
}
