import { CERTIFICATE_AUTHORITIES, type CertificateAuthority } from '../../pack/pack.ts';
import { useDoing } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { Zone } from '../api/wire.ts';
import { say } from '../part/announce.tsx';
import { Choice } from '../part/inputs.tsx';
import { Failed } from '../part/state.tsx';
import { Switch, type SwitchSettings } from '../part/switch.tsx';
import { may } from '../session.ts';
import { caName } from '../words.ts';

/** What a zone orders by itself. */
export function Switches({ zone: { id, type } }: { readonly zone: Zone }) {
  const mayChange = may('SSL and Certificates Write', id);
  return (
    <>
      <Switch
        title="Universal"
        path={`${zonePath(id)}/ssl/universal/settings`}
        mayChange={mayChange}
        on="the apex and the names directly below it have a pack that orders itself."
        off="there is no pack for the apex and the names directly below it by itself."
      >
        <p>
          Its pack is taken off the edges and kept: names that no other pack covers are not served any more.
        </p>
      </Switch>
      {type === 'full' && (
        <Switch
          title="Total TLS"
          path={`${zonePath(id)}/acm/total_tls`}
          mayChange={mayChange}
          on="each proxied name that no other pack covers has a pack that orders itself."
          off="proxied names that no pack covers are not served with a certificate."
          beside={(settings, again) => <TotalTlsCa {...{ id, mayChange, settings, again }} />}
        >
          <p>Its packs are taken off the edges: names that no other pack covers are not served any more.</p>
        </Switch>
      )}
    </>
  );
}

interface TotalTlsCaProps {
  readonly id: string;
  readonly mayChange: boolean;
  readonly settings: SwitchSettings;
  readonly again: () => void;
}

/** Which CA packs of Total TLS are ordered of. */
function TotalTlsCa({ id, mayChange, settings: { certificate_authority: ca }, again }: TotalTlsCaProps) {
  const doing = useDoing();
  if (!ca) return null;
  if (!mayChange) return <p>They are of {caName(ca)}.</p>;
  const pick = async (picked: CertificateAuthority) => {
    const body = { certificate_authority: picked };
    if (!(await doing.run(() => ask('PATCH', `${zonePath(id)}/acm/total_tls`, { body })))) return;
    say(`New packs are ordered of ${caName(picked)}.`);
    again();
  };
  return (
    <>
      <Choice
        label="CA of new ones"
        name="total-tls-ca"
        value={ca}
        options={CERTIFICATE_AUTHORITIES.map((one) => [one, caName(one)] as const)}
        onPick={(picked) => void pick(picked)}
      />
      {doing.refusal && <Failed refusal={doing.refusal} />}
    </>
  );
}
