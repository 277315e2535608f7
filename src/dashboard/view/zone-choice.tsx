import { useAnswer } from '../api/answer.ts';
import { part } from '../api/client.ts';
import type { Zone } from '../api/wire.ts';
import { href } from '../route.ts';

/** For tokens that are limited to some zones: whoever has one chooses among these. */
export const ZoneChoice = ({ zones }: { readonly zones: readonly string[] }) => (
  <div class="state">
    <strong>Your token is limited to certain zones.</strong>
    <p>Show the packs of one:</p>
    <ul>
      {zones.map((id) => (
        <li key={id}>
          <a href={href(['packs'], { zone_id: id })}>
            <ZoneName id={id} />
          </a>
        </li>
      ))}
    </ul>
  </div>
);

/** The name of a zone, its id until that is known or where it may not be. */
export function ZoneName({ id }: { readonly id: string }) {
  const { reply } = useAnswer<Zone>(`/zones/${part(id)}`);
  return <>{reply?.result.name ?? id}</>;
}
