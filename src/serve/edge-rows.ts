import type { EdgeRow } from '../edge/edge.ts';
import { EDGE_OPTIONS } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { ENVIRONMENTS } from '../pack/pack.ts';
import { toLocation } from './regions.ts';

/** The edges of the configuration file. Throws `configuration` that names the edge and the option at fault. */
export function toEdgeRows(tables: readonly unknown[]): EdgeRow[] {
  const rows = tables.map(toEdgeRow);
  const twice = rows.find(({ name }, i) => rows.findIndex((row) => row.name === name) !== i);
  if (twice) throw new Fault('configuration', `two edges are named ${twice.name}`);
  return rows;
}

function toEdgeRow(table: unknown, i: number): EdgeRow {
  const refuse = (why: string): never => {
    throw new Fault('configuration', `edges[${i}]: ${why}`);
  };
  if (typeof table !== 'object' || table === null) return refuse('must be a table');
  const given: Readonly<Record<string, unknown>> = { ...table };
  const unknown = Object.keys(given).find((key) => !(key in EDGE_OPTIONS));
  if (unknown !== undefined) refuse(`unknown option '${unknown}'`);
  const text = (key: string): string => {
    const value = given[key];
    return typeof value === 'string' && value !== '' ? value : refuse(`'${key}' must be text`);
  };
  const environment = ENVIRONMENTS.find((known) => known === given['environment']);
  const port = Number(given['port']);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) refuse("'port' must be from 1 to 65535");
  return {
    name: text('name'),
    kind: 'bundled',
    environment: environment ?? refuse(`'environment' must be ${ENVIRONMENTS.join(' or ')}`),
    host: text('host'),
    port,
    location: toLocation(given, refuse),
  };
}
