import { useState } from 'preact/hooks';
import { isLeaving, LIFECYCLE } from '../../pack/lifecycle.ts';
import type { Environment, PackStatus } from '../../pack/pack.ts';
import { TYPES } from '../../pack/type.ts';
import { ask } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import { Action, Confirm } from '../part/confirm.tsx';
import { Choice } from '../part/inputs.tsx';
import { go } from '../route.ts';
import { may } from '../session.ts';
import { REASONS, type Reason } from './bulk-words.ts';
import type { PackProps } from './view.ts';

/** What can be done to a pack as it is now. */
export function PackActions({ zoneId, pack, again }: PackProps) {
  if (!may('SSL and Certificates Write', zoneId)) return null;
  const path = packPath(zoneId, pack.id);
  const isRestartable = LIFECYCLE[pack.status].restart !== undefined;
  const [first = ''] = pack.hosts;
  return (
    <>
      {isRestartable && (
        <Action
          label="Restart"
          kind="primary"
          work={() => ask('PATCH', path, { body: {} })}
          done="It is tried again."
          onDone={again}
        />
      )}
      <Move {...{ zoneId, pack, again }} />
      {pack.certificates.length > 0 && !isLeaving(pack.status) && <Revoke {...{ zoneId, pack, again }} />}
      {TYPES[pack.type].api.delete && !isLeaving(pack.status) && (
        <Confirm
          label="Delete pack"
          title={`Delete the pack of ${first}?`}
          work={() => ask('DELETE', path)}
          done="The pack is being deleted."
          onDone={() => go(['packs'], { zone_id: zoneId })}
        >
          <p>It is taken off the edges: its hosts are not served by it any more. This cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}

/** Where a pack goes by the button: the status says where it is. */
const MOVES: Readonly<Partial<Record<PackStatus, Environment>>> = {
  pending_deployment: 'staging',
  active: 'staging',
  staging_deployment: 'production',
  staging_active: 'production',
};

/** To the staging edges alone, or from there to the others. A backup goes with its pack. */
function Move({ zoneId, pack, again }: PackProps) {
  const deploy = MOVES[pack.status];
  if (!deploy || !TYPES[pack.type].api.deploy || pack.backup_of !== undefined) return null;
  const [first = ''] = pack.hosts;
  const isUp = deploy === 'production';
  return (
    <Confirm
      label={isUp ? 'Promote' : 'To staging'}
      kind="primary"
      title={
        isUp ? `Serve the pack of ${first} in production?` : `Serve the pack of ${first} in staging alone?`
      }
      work={() => ask('PATCH', packPath(zoneId, pack.id), { body: { deploy } })}
      done={isUp ? 'It is going to production.' : 'It is going to the staging edges.'}
      onDone={again}
    >
      <p>
        {isUp
          ? 'It leaves the staging edges, and goes to those of production with the certificates that it has.'
          : 'It leaves the production edges: what else covers its hosts is served there, or nothing.'}
      </p>
    </Confirm>
  );
}

/** Revokes the certificates at their CA; what is revoked is not served. */
function Revoke({ zoneId, pack, again }: PackProps) {
  const [reason, setReason] = useState<Reason>('unspecified');
  return (
    <Confirm
      label="Revoke"
      title="Revoke the certificates of this pack?"
      phrase="revoke"
      work={() => ask('POST', `${packPath(zoneId, pack.id)}/revoke`, { body: { reason } })}
      done="The certificates are being revoked."
      onDone={again}
    >
      <p>
        They are revoked at their CA, and the pack is deleted: its hosts are not served by it any more. This
        cannot be undone.
      </p>
      <Choice
        label="Reason, which the CA is told"
        name="reason"
        value={reason}
        options={REASONS}
        onPick={setReason}
      />
    </Confirm>
  );
}
