/** Zones by their names, where commands take an id. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { type ApiPlace, call } from './client.ts';

const Zones = Compile(Type.Array(Type.Object({ id: Type.String(), name: Type.String() })));

/**
 * Id of the zone that a text means: a name has a dot, an id has none. Throws `configuration` where the token sees no zone of
 * that name, or several, of several accounts.
 */
async function zoneIdOf(place: ApiPlace, text: string): Promise<string> {
  if (!text.includes('.')) return text;
  const name = text.toLowerCase().replace(/\.$/, '');
  const { result } = await call(place, 'GET', `/zones?name=${encodeURIComponent(name)}`);
  const [zone, ...others] = Zones.Check(result) ? result.filter((one) => one.name === name) : [];
  if (!zone) throw new Fault('configuration', `the token sees no zone ${name}; \`zone list\` names them`);
  if (others.length === 0) return zone.id;
  const ids = [zone, ...others].map(({ id }) => id).join(', ');
  throw new Fault(
    'configuration',
    `there are several zones ${name}, of several accounts; give an id: ${ids}`,
  );
}

/** Lets the option `--zone` of a client be a name, or several. */
export const takesZoneNames = (command: Command): Command =>
  command.hook('preAction', async (_, action) => {
    const { api, zone } = action.opts<ApiPlace & { zone?: string | readonly string[] }>();
    if (typeof zone === 'string') action.setOptionValue('zone', await zoneIdOf({ api }, zone));
    else if (zone)
      action.setOptionValue('zone', await Promise.all(zone.map((one) => zoneIdOf({ api }, one))));
  });

/** The same for the first argument. */
export const takesZoneName = (command: Command): Command =>
  command.hook('preAction', async (_, action) => {
    const [zone] = action.processedArgs;
    if (typeof zone === 'string') action.processedArgs[0] = await zoneIdOf(action.opts<ApiPlace>(), zone);
  });
