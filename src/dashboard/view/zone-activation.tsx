import { ask } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { Zone } from '../api/wire.ts';
import { Action } from '../part/confirm.tsx';
import { Copied } from '../part/copy.tsx';
import { may } from '../session.ts';
import { Parts } from './pack-records.tsx';

interface ActivationProps {
  readonly zone: Zone;
  readonly again: () => void;
}

/** What shows control of a zone: its delegation, a TXT record, or both. */
export function Activation({ zone, again }: ActivationProps) {
  const { name_servers: servers, verification_key: key } = zone;
  return (
    <>
      {servers.length > 0 && (
        <>
          <h3>Name servers, to be set at the registrar</h3>
          <ul class="plain">
            {servers.map((server) => (
              <li key={server}>
                <Copied text={server} what="the name server" />
              </li>
            ))}
          </ul>
        </>
      )}
      {key !== undefined && (
        <>
          <h3>TXT record with the zone’s key</h3>
          <div class="records">
            <Parts
              parts={[
                ['TXT name', `cloudflare-verify.${zone.name}`],
                ['TXT value', key],
              ]}
            />
          </div>
        </>
      )}
      {may('Zone Write', zone.id) && zone.status !== 'active' && (
        <div class="buttons below">
          <Action
            label="Check now"
            kind="primary"
            work={() => ask('PUT', `${zonePath(zone.id)}/activation_check`, { body: {} })}
            done="It is looked at now."
            onDone={again}
          />
        </div>
      )}
    </>
  );
}
