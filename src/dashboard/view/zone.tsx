/** One zone: whether it is active and what that wants, its packs, and its switches. */
import { useAnswer } from '../api/answer.ts';
import { ask, withQuery } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { ListedPack, Pack, Zone } from '../api/wire.ts';
import { ZoneBadge } from '../part/badge.tsx';
import { Action, Confirm } from '../part/confirm.tsx';
import { Copied } from '../part/copy.tsx';
import { Facts, Head, Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { Time } from '../part/time.tsx';
import { go, href } from '../route.ts';
import { may } from '../session.ts';
import { ZONE_WORDS } from '../words.ts';
import { PackTable } from './pack-table.tsx';
import type { ViewProps } from './view.ts';
import { Activation } from './zone-activation.tsx';
import { Switches } from './zone-switches.tsx';

export function ZoneView({ of: { zone: id = '' } }: ViewProps) {
  const answer = useAnswer<Zone>(zonePath(id), 5);
  return (
    <>
      {!answer.reply && <Head title="Zone" name="Zone" above={<a href={href(['zones'])}>Zones</a>} />}
      <Shown of={answer} what="the zone">
        {({ result }) => <Whole zone={result} again={answer.again} />}
      </Shown>
    </>
  );
}

interface ZoneProps {
  readonly zone: Zone;
  readonly again: () => void;
}

const Whole = ({ zone, again }: ZoneProps) => (
  <>
    <Head
      name={zone.name}
      above={<a href={href(['zones'])}>Zones</a>}
      title={
        <>
          <bdi>{zone.name}</bdi> <ZoneBadge {...zone} />
        </>
      }
    >
      <Links {...zone} />
    </Head>
    <div class="columns">
      <div>
        <Packs zoneId={zone.id} />
      </div>
      <div>
        <Section title={zone.status === 'active' ? 'Active' : 'Not active yet'}>
          <p>{ZONE_WORDS[zone.status].says}</p>
          <Activation zone={zone} again={again} />
        </Section>
        <Switches zone={zone} />
        <About zone={zone} again={again} />
      </div>
    </div>
  </>
);

/** What else there is of it. */
const Links = ({ id, type }: Zone) => (
  <>
    {may('Account Settings Read') && (
      <a class="button" href={href(['audit'], { zone_id: id })}>
        What was done
      </a>
    )}
    {type === 'full' && may('DNS Read', id) && (
      <a class="button" href={href(['zones', id, 'dns'])}>
        DNS records
      </a>
    )}
    {may('SSL and Certificates Read', id) && (
      <a class="button" href={href(['zones', id, 'certificates'])}>
        Custom certificates
      </a>
    )}
    {may('SSL and Certificates Read', id) && (
      <a class="button" href={href(['zones', id, 'hostnames'])}>
        Custom hostnames
      </a>
    )}
    {may('SSL and Certificates Read', id) && (
      <a class="button" href={href(['zones', id, 'keyless'])}>
        Keyless certificates
      </a>
    )}
    {may('SSL and Certificates Write', id) && (
      <a class="button primary" href={href(['zones', id, 'order'])}>
        Order a pack
      </a>
    )}
  </>
);

function Packs({ zoneId }: { readonly zoneId: string }) {
  const path = withQuery(`${zonePath(zoneId)}/ssl/certificate_packs`, { status: 'all', per_page: '20' });
  const answer = useAnswer<readonly Pack[]>(path, 5);
  return (
    <Section
      title="Certificate packs"
      aside={<a href={href(['packs'], { zone_id: zoneId })}>All, with filters</a>}
    >
      <Shown of={answer} what="packs">
        {({ result, info }) =>
          result.length === 0 ? (
            <p class="quiet">None yet.</p>
          ) : (
            <>
              <PackTable packs={result.map((pack): ListedPack => ({ ...pack, zone_id: zoneId }))} isNarrow />
              {(info?.total_pages ?? 1) > 1 && (
                <p class="quiet">
                  The first {result.length} of {info?.total_count?.toLocaleString('en')}.
                </p>
              )}
            </>
          )
        }
      </Shown>
    </Section>
  );
}

const About = ({ zone, again }: ZoneProps) => (
  <Section title="About">
    <Facts
      of={[
        { name: 'Type', value: zone.type },
        { name: 'Created', value: <Time at={zone.created_on} /> },
        { name: 'Active since', value: <Time at={zone.activated_on} /> },
        { name: 'Id', value: <Copied text={zone.id} what="the zone’s id" /> },
      ]}
    />
    {may('Zone Write', zone.id) && (
      <div class="buttons below">
        <Action
          label={zone.paused ? 'End the pause' : 'Pause'}
          work={() => ask('PATCH', zonePath(zone.id), { body: { paused: !zone.paused } })}
          done={zone.paused ? 'The pause is over.' : 'The zone is paused: nothing new goes to the edges.'}
          onDone={again}
        />
        <Confirm
          label="Delete zone"
          title={`Delete ${zone.name}?`}
          work={() => ask('DELETE', zonePath(zone.id))}
          done="The zone is deleted."
          onDone={() => go(['zones'])}
        >
          <p>
            All its packs are taken off the edges and deleted, its DNS records with them. This cannot be
            undone.
          </p>
        </Confirm>
      </div>
    )}
  </Section>
);
