import { useState } from 'preact/hooks';
import type { UploadType } from '../../pack/custom-certificate.ts';
import type { BundleMethod, Environment } from '../../pack/pack.ts';
import { toRefusal, useDoing } from '../api/answer.ts';
import { ask, part, type Refusal } from '../api/client.ts';
import { newKey } from '../api/new-key.ts';
import { zonePath } from '../api/paths.ts';
import type { Message } from '../api/wire.ts';
import type { CustomCertificate } from '../api/wire-certificates.ts';
import { say } from '../part/announce.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Field } from '../part/field.tsx';
import { Choice, Text } from '../part/inputs.tsx';
import { ANYWHERE, type KeyPlace, KeyPlaceFields, PLACE_FIELDS, placeBody } from './key-place.tsx';
import { parted, readFiles } from './pem.ts';

/** Address of a zone's custom certificates. */
export const certificatesPath = (zoneId: string): string => `${zonePath(zoneId)}/custom_certificates`;

interface Draft extends KeyPlace {
  readonly certificate: string;
  readonly privateKey: string;
  readonly type: UploadType;
  readonly bundle: BundleMethod;
  readonly deploy: Environment;
}

const draftOf = (one: CustomCertificate | undefined): Draft => ({
  ...ANYWHERE,
  certificate: '',
  privateKey: '',
  type: one?.type ?? 'legacy_custom',
  bundle: one?.bundle_method ?? 'ubiquitous',
  deploy: one?.deploy ?? 'production',
});

const TYPES = [
  ['legacy_custom', 'legacy custom: goes first, and can serve clients without SNI'],
  ['sni_custom', 'SNI custom'],
] as const;
/** Ways to a chain, by what they are called. */
export const BUNDLES = [
  ['ubiquitous', 'for the most clients'],
  ['optimal', 'as short as can be'],
  ['force', 'as it is sent, trusted or not'],
] as const;
const PLACES = [
  ['production', 'production'],
  ['staging', 'the staging edges alone'],
] as const;
const FIELDS = ['certificate', 'private_key', 'type', 'bundle_method', 'deploy', ...PLACE_FIELDS] as const;

interface CertificateFormProps {
  readonly zoneId: string;
  /** The one in whose place it comes; undefined: a new one is uploaded. */
  readonly certificate?: CustomCertificate;
  readonly onDone: () => void;
  readonly onCancel?: () => void;
}

/** Uploads a certificate with its key, or puts another in its place. The key is in no answer, and is forgotten here once it is sent. */
export function CertificateForm({ zoneId, certificate: old, onDone, onCancel }: CertificateFormProps) {
  const [draft, setDraft] = useState(() => draftOf(old));
  const [said, setSaid] = useState<readonly Message[]>([]);
  // The same click twice uploads once; another upload is another one.
  const [key, setKey] = useState(newKey);
  const doing = useDoing();
  const set = (change: Partial<Draft>) => {
    setDraft({ ...draft, ...change });
    setKey(newKey());
  };
  const work = async () => {
    const path = certificatesPath(zoneId);
    const asked = { body: bodyOf(draft, old), headers: { 'idempotency-key': key } };
    const { messages } = old
      ? await ask('PATCH', `${path}/${part(old.id)}`, asked)
      : await ask('POST', path, asked);
    setSaid(messages);
  };
  const done = () => {
    say(
      old
        ? 'The certificate is replaced once every edge has shown the new one.'
        : 'The certificate is uploaded.',
    );
    set(draftOf(old));
    onDone();
  };
  const label = old ? 'Replace it' : 'Upload it';
  return (
    <EditForm doing={doing} fields={FIELDS} label={label} work={work} onDone={done} onCancel={onCancel}>
      <Pems draft={draft} set={set} refusal={doing.refusal} isReplacing={old !== undefined} />
      <Choices draft={draft} set={set} refusal={doing.refusal} isReplacing={old !== undefined} />
      {said.map(({ code, message }) => (
        <p key={code} role="status">
          {message}
        </p>
      ))}
    </EditForm>
  );
}

/** What is not said is as it was. */
const bodyOf = (
  { certificate, privateKey, type, bundle, deploy, ...place }: Draft,
  old: CustomCertificate | undefined,
) => ({
  ...((!old || certificate.trim() !== '') && { certificate }),
  ...(privateKey.trim() !== '' && { private_key: privateKey }),
  ...(!old && { type, ...placeBody(place) }),
  bundle_method: bundle,
  deploy,
});

interface PartProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly refusal: Refusal | undefined;
  readonly isReplacing: boolean;
}

/** Puts what is in files beside what is there already; what is wrong with them. */
function useFiles(draft: Draft, set: (change: Partial<Draft>) => void) {
  const [wrong, setWrong] = useState<string>();
  const read = async (files: readonly File[]) => {
    if (files.length === 0) return;
    try {
      const { certificate, privateKey } = await readFiles(files);
      set({
        certificate: joined(draft.certificate, certificate),
        privateKey: joined(draft.privateKey, privateKey),
      });
      setWrong(undefined);
      say(privateKey === '' ? 'The files are read.' : 'The files are read; the private key is not shown.');
    } catch (error) {
      setWrong(toRefusal(error).message);
    }
  };
  return { wrong, read };
}

const joined = (...some: string[]): string => some.filter((one) => one.trim() !== '').join('\n');

/** What a key typed or pasted among certificates is taken out of; while it is typed nothing is taken away. */
function changeOf(text: string): Partial<Draft> {
  const { certificate, privateKey } = parted(text);
  return privateKey === '' ? { certificate: text } : { certificate, privateKey };
}

/** The certificate and its key: typed, pasted, dropped or chosen. */
function Pems({ draft, set, refusal, isReplacing }: PartProps) {
  const { wrong, read } = useFiles(draft, set);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void read([...(event.dataTransfer?.files ?? [])]);
  };
  return (
    <div class="form" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <Text
        label="Certificate"
        name="certificate"
        hint={isReplacing ? 'PEM. Empty: the one that there is.' : HINT}
        wrong={refusal?.of('certificate')}
        rows={6}
        value={draft.certificate}
        onText={(text) => set(changeOf(text))}
      />
      <Key
        value={draft.privateKey}
        hint={isReplacing ? 'Empty: the key that is stored.' : KEY_HINT}
        wrong={refusal?.of('private_key')}
        onText={(privateKey) => set({ privateKey })}
      />
      <Files wrong={wrong} onFiles={(files) => void read(files)} />
    </div>
  );
}

const HINT = 'PEM, the chain with it in any order. Paste it, or drop files here.';
const KEY_HINT = 'Without a password. It is stored sealed, and shown to nobody again.';

interface FilesProps {
  readonly wrong: string | undefined;
  readonly onFiles: (files: readonly File[]) => void;
}

const Files = ({ wrong, onFiles }: FilesProps) => (
  <Field label="Or files of either" wrong={wrong}>
    {(ids) => (
      <input
        {...ids}
        name="files"
        type="file"
        multiple
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          currentTarget.value = '';
          onFiles(files);
        }}
      />
    )}
  </Field>
);

interface KeyProps {
  readonly value: string;
  readonly hint: string;
  readonly wrong: string | undefined;
  readonly onText: (text: string) => void;
}

/** A private key: what is in the field is not to be read off the screen. */
export const Key = ({ value, hint, wrong, onText }: KeyProps) => (
  <Field label="Private key" hint={hint} wrong={wrong}>
    {(ids) => (
      <textarea
        {...ids}
        class="covered"
        name="private_key"
        rows={3}
        value={value}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        onInput={({ currentTarget }) => onText(currentTarget.value)}
      />
    )}
  </Field>
);

const Choices = ({ draft, set, refusal, isReplacing }: PartProps) => (
  <>
    {!isReplacing && (
      <Choice
        label="Type"
        name="type"
        wrong={refusal?.of('type')}
        value={draft.type}
        options={TYPES}
        onPick={(type) => set({ type })}
      />
    )}
    <div class="row">
      <Choice
        label="Chain"
        name="bundle_method"
        wrong={refusal?.of('bundle_method')}
        value={draft.bundle}
        options={BUNDLES}
        onPick={(bundle) => set({ bundle })}
      />
      <Choice
        label="Served by"
        name="deploy"
        wrong={refusal?.of('deploy')}
        value={draft.deploy}
        options={PLACES}
        onPick={(deploy) => set({ deploy })}
      />
    </div>
    {!isReplacing && <KeyPlaceFields place={draft} set={set} refusal={refusal} />}
  </>
);
