/** Where the private key of an upload may be, and which edges have it. */
import { useAnswer } from '../api/answer.ts';
import { part, withQuery } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import type { CustomCertificate } from '../api/wire-certificates.ts';
import type { Edge } from '../api/wire-edges.ts';
import type { EdgeState } from '../api/wire-pack.ts';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { may } from '../session.ts';
import { certificatesPath } from './certificate-form.tsx';
import { edgesPath, placeOf } from './edge-words.tsx';

interface PlaceProps {
  readonly zoneId: string;
  readonly pack: Pack;
}

const TYPES = ['legacy_custom', 'sni_custom'];
/** What is on its way out is no custom certificate any more. */
const GOING = ['pending_deletion', 'deletion_timed_out', 'pending_cleanup', 'deleted'];

/** Of other types nothing is said of where their keys may be. */
export function Place({ zoneId, pack }: PlaceProps) {
  const { primary_certificate: id = '' } = pack;
  const isUpload = TYPES.includes(pack.type) && !GOING.includes(pack.status) && id !== '';
  const path = `${certificatesPath(zoneId)}/${part(id)}`;
  const answer = useAnswer<CustomCertificate>(isUpload ? path : undefined);
  if (!isUpload) return null;
  return (
    <Section title="Where its key may be">
      <Shown of={answer} what="where its key may be">
        {({ result: certificate }) =>
          isRestricted(certificate) ? (
            <>
              <p>{ruleOf(certificate)}</p>
              <OnEdges zoneId={zoneId} pack={pack} environment={certificate.deploy} />
            </>
          ) : (
            <p class="quiet">Anywhere: its owner did not say that it has to stay somewhere.</p>
          )
        }
      </Shown>
    </Section>
  );
}

const isRestricted = (one: CustomCertificate): boolean =>
  one.geo_restrictions !== undefined || one.policy_restrictions !== undefined;

const LABELS: Readonly<Record<string, string>> = {
  us: 'In the United States alone.',
  eu: 'In the European Union alone.',
  highest_security: 'Where keys of highest security may be, alone.',
};

/** The rule of its owner in words. */
const ruleOf = ({ geo_restrictions: geo, policy_restrictions: policy }: CustomCertificate): string => {
  if (geo) return LABELS[geo.label] ?? geo.label;
  return policy === undefined ? 'anywhere' : `Where this policy surely has it: ${policy}`;
};

/** Edges with it, and those that are not given it; the operator’s accounts are told where each is. */
function OnEdges({ zoneId, pack, environment }: PlaceProps & { readonly environment: string }) {
  const given = useAnswer<readonly EdgeState[]>(`${packPath(zoneId, pack.id)}/edges`);
  const all = useAnswer<readonly Edge[]>(
    may('SSL and Certificates Read') ? withQuery(edgesPath(), { environment, per_page: '1000' }) : undefined,
  );
  const known = all.reply?.result ?? [];
  return (
    <Shown of={given} what="its edges">
      {({ result }) => {
        const names = result.map(({ edge }) => edge);
        const others = known.filter(({ name, status }) => status !== 'pending' && !names.includes(name));
        return (
          <>
            <Names title="Edges that have it" names={names} known={known} none="None." />
            {others.length > 0 && (
              <Names
                title="Edges that are not given it"
                names={others.map(({ name }) => name)}
                known={known}
              />
            )}
          </>
        );
      }}
    </Shown>
  );
}

interface NamesProps {
  readonly title: string;
  readonly names: readonly string[];
  readonly known: readonly Edge[];
  readonly none?: string;
}

const Names = ({ title, names, known, none }: NamesProps) => (
  <>
    <h3>{title}</h3>
    <ul class="plain">
      {names.map((name) => (
        <li key={name}>
          <bdi class="breaks">{name}</bdi> <span class="quiet">{whereOf(known, name)}</span>
        </li>
      ))}
      {names.length === 0 && <li class="quiet">{none}</li>}
    </ul>
  </>
);

function whereOf(known: readonly Edge[], name: string): string {
  const edge = known.find((one) => one.name === name);
  return edge ? placeOf(edge) || 'nobody said where' : '';
}
