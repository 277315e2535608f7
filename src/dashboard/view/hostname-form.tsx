/** Makes a custom hostname: the form says what each way to its certificates needs. */
import { useRef, useState } from 'preact/hooks';
import { CERTIFICATE_AUTHORITIES } from '../../pack/pack.ts';
import { useDoing } from '../api/answer.ts';
import { ask, type Refusal } from '../api/client.ts';
import { newKey } from '../api/new-key.ts';
import type { CustomHostname } from '../api/wire-hostnames.ts';
import { say } from '../part/announce.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Check, Choice, Text } from '../part/inputs.tsx';
import { go } from '../route.ts';
import { caName } from '../words.ts';
import { Key } from './certificate-form.tsx';
import { broughtOf, type SslDraft, type Way } from './hostname-ssl.ts';
import { hostnamesPath } from './hostname-words.ts';
import { parted } from './pem.ts';

interface Draft extends SslDraft {
  readonly hostname: string;
  readonly origin: string;
}

const EMPTY: Draft = {
  hostname: '',
  way: 'txt',
  ca: '',
  wildcard: false,
  certificate: '',
  privateKey: '',
  origin: '',
};

/** Ways to certificates, by what they are called. */
export const WAYS: readonly (readonly [Way, string])[] = [
  ['txt', 'from a CA, by a TXT record'],
  ['http', 'from a CA, by a file'],
  ['email', 'from a CA, by mail'],
  ['upload', 'the customer’s own'],
  ['none', 'none'],
];

/** What each needs of whoever has the name. */
export const NEEDS: Readonly<Record<Way, string>> = {
  txt: 'The customer creates a TXT record at _acme-challenge, or once and for all a CNAME there. Works before the name leads here, and for a wildcard.',
  http: 'Our edges show the file by themselves, once the name leads to them: nothing before the move, and no wildcard.',
  email:
    'The CA sends mails to addresses of the domain; somebody there has to follow the link in one. Of some CAs alone.',
  upload:
    'Certificate and key in PEM. It is served as soon as control of the name is shown, and never renewed here.',
  none: 'The name is known, and served without a certificate of its own.',
};

const CAS = [
  ['', 'the first that can'],
  ...CERTIFICATE_AUTHORITIES.map((one) => [one, caName(one)] as const),
] as const;
const FIELDS = ['hostname', 'ssl', 'custom_origin_server'] as const;

/** What is typed, and sent once. */
function useDraft(zoneId: string) {
  const [draft, setDraft] = useState(EMPTY);
  // The same click twice makes one.
  const [key, setKey] = useState(newKey);
  const id = useRef('');
  const set = (change: Partial<Draft>) => {
    setDraft({ ...draft, ...change });
    setKey(newKey());
  };
  const work = async () => {
    const asked = { body: bodyOf(draft), headers: { 'idempotency-key': key } };
    const { result } = await ask<CustomHostname>('POST', hostnamesPath(zoneId), asked);
    setDraft(EMPTY);
    id.current = result.id;
    say(`${result.hostname} is made.`);
  };
  return { draft, set, work, done: () => go(['zones', zoneId, 'hostnames', id.current]) };
}

export function HostnameForm({ zoneId }: { readonly zoneId: string }) {
  const { draft, set, work, done } = useDraft(zoneId);
  const doing = useDoing();
  const { refusal } = doing;
  return (
    <EditForm doing={doing} fields={FIELDS} label="Make it" work={work} onDone={done}>
      <Text
        label="Hostname"
        name="hostname"
        placeholder="app.customer.com"
        wrong={refusal?.of('hostname')}
        value={draft.hostname}
        onText={(hostname) => set({ hostname })}
      />
      <Choice
        label="Certificate"
        name="way"
        hint={NEEDS[draft.way]}
        wrong={draft.way === 'upload' ? undefined : refusal?.of('ssl')}
        value={draft.way}
        options={WAYS}
        onPick={(way) => set({ way, wildcard: draft.wildcard && way !== 'http' })}
      />
      {draft.way === 'upload' && <Own draft={draft} set={set} refusal={refusal} />}
      {!['upload', 'none'].includes(draft.way) && <Issued draft={draft} set={set} />}
      <Text
        label="Origin of its own"
        name="custom_origin_server"
        hint="A name in this zone. Empty: the fallback origin."
        wrong={refusal?.of('custom_origin_server')}
        value={draft.origin}
        onText={(origin) => set({ origin })}
      />
    </EditForm>
  );
}

interface PartProps {
  readonly draft: SslDraft;
  readonly set: (change: Partial<SslDraft>) => void;
}

/** What is said of certificates of a CA. */
export const Issued = ({ draft, set }: PartProps) => (
  <>
    <Choice label="CA" name="ca" value={draft.ca} options={CAS} onPick={(ca) => set({ ca })} />
    {draft.way !== 'http' && (
      <Check
        label="The names below it too (wildcard)"
        name="wildcard"
        isOn={draft.wildcard}
        onChange={(wildcard) => set({ wildcard })}
      />
    )}
  </>
);

/** Certificate and key that a customer brings. */
export const Own = ({ draft, set, refusal }: PartProps & { readonly refusal: Refusal | undefined }) => (
  <>
    <Text
      label="Certificate in PEM"
      name="certificate"
      hint="The chain with it in any order, and the key, if it is in the same file."
      wrong={refusal?.of('ssl')}
      rows={6}
      value={draft.certificate}
      onText={(text) => {
        const { certificate, privateKey } = parted(text);
        set(privateKey === '' ? { certificate: text } : { certificate, privateKey });
      }}
    />
    <Key
      value={draft.privateKey}
      hint="Without a password. It is stored sealed, and shown to nobody again. Empty: the key of a custom CSR of yours."
      wrong={undefined}
      onText={(privateKey) => set({ privateKey })}
    />
  </>
);

const bodyOf = ({ hostname, origin, ...draft }: Draft) => ({
  hostname: hostname.trim(),
  ...sslOf(draft),
  ...(origin.trim() !== '' && { custom_origin_server: origin.trim() }),
});

function sslOf({ way, ca, wildcard, certificate, privateKey }: Omit<Draft, 'hostname' | 'origin'>) {
  if (way === 'none') return {};
  if (way === 'upload') return { ssl: broughtOf({ certificate, privateKey }) };
  return {
    ssl: { method: way, type: 'dv', wildcard, ...(ca !== '' && { certificate_authority: ca }) },
  };
}
