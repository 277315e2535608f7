/** A pack and its backup: two packs, of which one is on the edges and the other stands by. */
import { useAnswer } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import type { Pack } from '../api/wire.ts';
import { PackBadge } from '../part/badge.tsx';
import { Action, Confirm } from '../part/confirm.tsx';
import { Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { href } from '../route.ts';
import { may } from '../session.ts';
import { caName } from '../words.ts';
import type { PackProps } from './view.ts';

export function Backup(props: PackProps) {
  const { zoneId, pack, again } = props;
  const other = pack.backup_pack ?? pack.backup_of;
  const mayWrite = may('SSL and Certificates Write', zoneId);
  const path = packPath(zoneId, pack.id);
  if (other !== undefined)
    return (
      <Section title={pack.backup_of === undefined ? 'Backup' : 'It is the backup of'}>
        <Other {...props} other={other} />
      </Section>
    );
  if (pack.type !== 'advanced' || !mayWrite) return null;
  return (
    <Section title="Backup">
      <p class="quiet">None. A backup is a second pack, from another CA, that stands by off the edges.</p>
      <Action
        label="Order a backup"
        work={() => ask('PATCH', path, { body: { backup: true } })}
        done="A backup is ordered."
        onDone={again}
      />
    </Section>
  );
}

function Other({ zoneId, pack, again, other }: PackProps & { readonly other: string }) {
  const answer = useAnswer<Pack>(packPath(zoneId, other), 15);
  const path = packPath(zoneId, pack.id);
  const done = () => {
    again();
    answer.again();
  };
  return (
    <Shown of={answer} what="the other pack">
      {({ result }) => (
        <>
          <p>
            <a href={href(['zones', zoneId, 'packs', other])}>{caName(result.certificate_authority)}</a>{' '}
            <PackBadge status={result.status} />
          </p>
          {may('SSL and Certificates Write', zoneId) && (
            <Confirm
              label="Fail over"
              kind="primary"
              title="Have the two change places?"
              work={() => ask('POST', `${path}/failover`, { body: {} })}
              done="The packs change places."
              onDone={done}
            >
              <p>
                The one that stands by goes to the edges. The other is taken off once every edge has shown the
                first: no moment is unserved. The same again leads back.
              </p>
            </Confirm>
          )}
        </>
      )}
    </Shown>
  );
}
