/** What is done with one custom certificate: replaced, put in order, moved between the edges, deleted. */
import { useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { ask, part, Refusal } from '../api/client.ts';
import type { CustomCertificate } from '../api/wire-certificates.ts';
import { say } from '../part/announce.tsx';
import { Confirm } from '../part/confirm.tsx';
import { Dialog, useDialog } from '../part/dialog.tsx';
import { EditForm } from '../part/edit-form.tsx';
import { Text } from '../part/inputs.tsx';
import { plain } from '../words.ts';
import { CertificateForm, certificatesPath } from './certificate-form.tsx';

interface ChangesProps {
  readonly zoneId: string;
  readonly certificate: CustomCertificate;
  /** All that are shown beside it. */
  readonly all: readonly CustomCertificate[];
  readonly again: () => void;
}

/** Hosts as they stand in a sentence. */
const nameOf = ({ hosts: [first = 'no host', ...more] }: CustomCertificate): string =>
  more.length > 0 ? `${first} and ${more.length} more` : first;

export const Changes = (props: ChangesProps) => (
  <span class="buttons">
    <Replace {...props} />
    <Prioritize {...props} />
    <Move {...props} />
    <Delete {...props} />
  </span>
);

function Replace({ zoneId, certificate, again }: ChangesProps) {
  const dialog = useDialog();
  const done = () => {
    dialog.close();
    again();
  };
  return (
    <>
      <button type="button" class="small" onClick={dialog.open}>
        Replace
      </button>
      <Dialog of={dialog} title={`Replace the certificate for ${nameOf(certificate)}`}>
        <p>The old one is served until every edge has shown the new one.</p>
        <CertificateForm zoneId={zoneId} certificate={certificate} onDone={done} onCancel={dialog.close} />
      </Dialog>
    </>
  );
}

const MOST = 1_000_000_000;

function Prioritize({ zoneId, certificate, all, again }: ChangesProps) {
  const dialog = useDialog();
  const done = () => {
    dialog.close();
    again();
  };
  return (
    <>
      <button type="button" class="small" onClick={dialog.open}>
        Priority
      </button>
      <Dialog of={dialog} title={`Priority of ${nameOf(certificate)}`}>
        <Priority zoneId={zoneId} certificate={certificate} all={all} onDone={done} onCancel={dialog.close} />
      </Dialog>
    </>
  );
}

interface PriorityProps extends Omit<ChangesProps, 'again'> {
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

function Priority({ zoneId, certificate: { id, type, priority }, all, onDone, onCancel }: PriorityProps) {
  const [text, setText] = useState(String(priority));
  const doing = useDoing();
  const others = all.filter((one) => one.type === type && one.id !== id);
  const highest = Math.max(-1, ...others.map((one) => one.priority));
  const isNumber = /^\d{1,10}$/.test(text.trim()) && Number(text) <= MOST;
  const work = async () => {
    if (!isNumber)
      throw new Refusal(400, [
        { code: 0, message: `A priority is a number from 0 to ${MOST.toLocaleString('en')}.` },
      ]);
    const body = { certificates: [{ id, priority: Number(text) }] };
    await ask('PUT', `${certificatesPath(zoneId)}/prioritize`, { body });
  };
  const done = () => {
    say('The priority is set.');
    onDone();
  };
  return (
    <EditForm doing={doing} fields={[]} label="Set it" work={work} onDone={done} onCancel={onCancel}>
      <p>Of two of type {plain(type)} that cover a name the one with the higher priority serves.</p>
      <Text label="Priority" name="priority" value={text} onText={setText} />
      {highest >= 0 && (
        <button type="button" class="small" onClick={() => setText(String(Math.min(MOST, highest + 1)))}>
          Before all others shown
        </button>
      )}
    </EditForm>
  );
}

/** To the staging edges alone, or from there to the others. */
function Move({ zoneId, certificate, again }: ChangesProps) {
  const isStaged = certificate.deploy === 'staging';
  const deploy = isStaged ? 'production' : 'staging';
  return (
    <Confirm
      label={isStaged ? 'Promote' : 'To staging'}
      kind="small"
      title={
        isStaged
          ? `Serve ${nameOf(certificate)} in production?`
          : `Serve ${nameOf(certificate)} in staging alone?`
      }
      work={() => ask('PATCH', `${certificatesPath(zoneId)}/${part(certificate.id)}`, { body: { deploy } })}
      done={isStaged ? 'It is going to production.' : 'It is going to the staging edges.'}
      onDone={again}
    >
      <p>
        {isStaged
          ? 'It goes to the production edges, and leaves the staging edges when these have shown it.'
          : 'It leaves the production edges: what else covers its hosts is served there, or nothing.'}
      </p>
    </Confirm>
  );
}

const Delete = ({ zoneId, certificate, again }: ChangesProps) => (
  <Confirm
    label="Delete"
    kind="small"
    title={`Delete the certificate for ${nameOf(certificate)}?`}
    work={() => ask('DELETE', `${certificatesPath(zoneId)}/${part(certificate.id)}`)}
    done="The certificate is being deleted."
    onDone={again}
  >
    <p>It is taken off the edges, and its key is deleted. This cannot be undone.</p>
  </Confirm>
);
