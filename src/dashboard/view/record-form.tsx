import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask, part, type Refusal } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { DnsRecord } from '../api/wire.ts';
import { say } from '../part/announce.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Check, Choice, Text } from '../part/inputs.tsx';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT'] as const;
type RecordType = (typeof TYPES)[number];

/** How the content of a type is written, where that is not plain. */
const HINTS: Readonly<Partial<Record<RecordType, string>>> = {
  CAA: 'As 0 issue "letsencrypt.org".',
  SRV: 'Priority, weight, port and target: 10 5 443 www.example.com.',
};
const PROXIABLE: readonly string[] = ['A', 'AAAA', 'CNAME'];

interface Draft {
  readonly type: RecordType;
  readonly name: string;
  readonly content: string;
  readonly priority: string;
  readonly ttl: string;
  readonly comment: string;
  readonly proxied: boolean;
}

const EMPTY: Draft = {
  type: 'A',
  name: '',
  content: '',
  priority: '10',
  ttl: '1',
  comment: '',
  proxied: false,
};

const draftOf = (record: DnsRecord): Draft => ({
  type: TYPES.find((one) => one === record.type) ?? 'TXT',
  name: record.name,
  content: record.content,
  priority: String(record.priority ?? 10),
  ttl: String(record.ttl),
  comment: record.comment ?? '',
  proxied: record.proxied,
});

const bodyOf = ({ type, name, content, priority, ttl, comment, proxied }: Draft) => ({
  type,
  name: name.trim(),
  content: content.trim(),
  ttl: Number(ttl),
  comment: comment.trim(),
  ...(type === 'MX' && { priority: Number(priority) }),
  ...(PROXIABLE.includes(type) && { proxied }),
});

const FIELDS = ['type', 'name', 'content', 'priority', 'ttl', 'comment', 'proxied'] as const;

interface RecordFormProps {
  readonly zoneId: string;
  /** The one that is changed; undefined: a new one is made. */
  readonly record?: DnsRecord;
  readonly onDone: () => void;
  readonly onCancel?: () => void;
}

/** Makes a DNS record, or changes one. */
export function RecordForm({ zoneId, record, onDone, onCancel }: RecordFormProps) {
  const [draft, setDraft] = useState<Draft>(record ? draftOf(record) : EMPTY);
  const doing = useDoing();
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const path = `${zonePath(zoneId)}/dns_records`;
  const work = () =>
    record
      ? ask('PATCH', `${path}/${part(record.id)}`, { body: bodyOf(draft) })
      : ask('POST', path, { body: bodyOf(draft) });
  const done = () => {
    say(record ? 'The record is changed.' : 'The record is made.');
    if (!record) setDraft({ ...draft, name: '', content: '', comment: '' });
    onDone();
  };
  const label = record ? 'Change the record' : 'Make the record';
  return (
    <EditForm doing={doing} fields={FIELDS} label={label} work={work} onDone={done} onCancel={onCancel}>
      <Fields draft={draft} set={set} refusal={doing.refusal} />
    </EditForm>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly refusal: Refusal | undefined;
}

function Fields({ draft, set, refusal }: FieldsProps) {
  const text = (name: 'name' | 'content' | 'priority' | 'ttl' | 'comment', label: string, hint?: string) => (
    <Text
      label={label}
      name={name}
      hint={hint}
      wrong={refusal?.of(name)}
      value={draft[name]}
      onText={(value) => set({ [name]: value })}
    />
  );
  return (
    <>
      <div class="row">
        <Choice
          label="Type"
          name="type"
          wrong={refusal?.of('type')}
          value={draft.type}
          options={TYPES.map((one) => [one, one])}
          onPick={(type) => set({ type })}
        />
        {text('name', 'Name', 'As www, or @ for the zone itself.')}
      </div>
      {text('content', 'Content', HINTS[draft.type])}
      <div class="row">
        {draft.type === 'MX' && text('priority', 'Priority')}
        {text('ttl', 'TTL in seconds', '1 leaves it to the service.')}
      </div>
      {text('comment', 'Comment')}
      {PROXIABLE.includes(draft.type) && (
        <Check
          label="Proxied: its name leads to the edges"
          name="proxied"
          isOn={draft.proxied}
          onChange={(proxied) => set({ proxied })}
        />
      )}
    </>
  );
}
