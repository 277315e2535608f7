import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask, askForFile } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import { say } from '../part/announce.tsx';
import { Action } from '../part/confirm.tsx';
import { Field, Rest } from '../part/field.tsx';
import { Check } from '../part/inputs.tsx';
import { save } from '../part/save.ts';
import { Section } from '../part/section.tsx';
import { count } from '../words.ts';

interface ZoneFileProps {
  readonly zoneId: string;
  readonly name: string;
  readonly mayWrite: boolean;
  readonly onDone: () => void;
}

/** All records as a zone file, out and in. */
export const ZoneFile = ({ zoneId, name, mayWrite, onDone }: ZoneFileProps) => (
  <Section title="Zone file">
    <p>All records of the zone as one text, as BIND has them.</p>
    <div class="buttons">
      <Action
        label="Save the zone file"
        work={async () => save(await askForFile(`${zonePath(zoneId)}/dns_records/export`), `${name}.zone`)}
        done="The zone file is saved."
      />
    </div>
    {mayWrite && <Import zoneId={zoneId} onDone={onDone} />}
  </Section>
);

interface Imported {
  readonly recs_added: number;
  readonly total_records_parsed: number;
}

function Import({ zoneId, onDone }: Pick<ZoneFileProps, 'zoneId' | 'onDone'>) {
  const [file, setFile] = useState<File>();
  const [isProxied, setProxied] = useState(false);
  const [imported, setImported] = useState<Imported>();
  const doing = useDoing();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!file) return;
    const form = new FormData();
    form.set('file', file);
    form.set('proxied', String(isProxied));
    setImported(undefined);
    const work = async () => {
      const { result } = await ask<Imported>('POST', `${zonePath(zoneId)}/dns_records/import`, {
        body: form,
      });
      setImported(result);
    };
    if (!(await doing.run(work))) return;
    say('The zone file is read in.');
    onDone();
  };
  return (
    <form class="form below" noValidate onSubmit={(event) => void submit(event)}>
      <FileField wrong={doing.refusal?.of('file')} onFile={setFile} />
      <Check
        label="Proxied, where the type can be"
        name="proxied-file"
        isOn={isProxied}
        onChange={setProxied}
      />
      <Rest refusal={doing.refusal} fields={['file']} />
      {imported && (
        <p role="status">
          {count(imported.recs_added, 'record')} made of {imported.total_records_parsed.toLocaleString('en')}{' '}
          in the file.
        </p>
      )}
      <div class="buttons">
        <button type="submit" aria-disabled={doing.isDoing || !file}>
          {doing.isDoing ? 'Reading …' : 'Read them in'}
        </button>
      </div>
    </form>
  );
}

interface FileFieldProps {
  readonly wrong: string | undefined;
  readonly onFile: (file: File | undefined) => void;
}

const FileField = ({ wrong, onFile }: FileFieldProps) => (
  <Field
    label="Read records from a zone file"
    hint="All of them are made, or none. Those that are there already are passed over."
    wrong={wrong}
  >
    {(ids) => (
      <input
        {...ids}
        name="file"
        type="file"
        onChange={({ currentTarget }) => onFile(currentTarget.files?.[0])}
      />
    )}
  </Field>
);
