import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';
import { placeOf } from './connection.ts';

/** What an agent is configured with. */
export interface AgentSetting {
  /** Undefined: that for which it was enrolled. */
  readonly kind: string | undefined;
  /** Where its edge shakes hands. */
  readonly address: { readonly host: string; readonly port: number };
  readonly inventoryEvery: Seconds;
  readonly handshakesPerSecond: number;
  /** Of the driver's own, which checks them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Options of every kind in the table `[edge]`. docs/agents.md has the same. */
interface Row {
  readonly type: 'text' | 'integer';
  readonly default: string | number;
  readonly range?: readonly [least: number, most: number];
}
const ROWS = {
  kind: { type: 'text', default: '' },
  address: { type: 'text', default: '127.0.0.1:443' },
  inventory_seconds: { type: 'integer', default: 40, range: [5, 86_400] },
  handshakes_per_second: { type: 'integer', default: 10, range: [0, 1_000] },
} as const satisfies Readonly<Record<string, Row>>;

/** Reads the TOML file of an agent; without one all is as it is unless told. Throws `configuration` that names what is at fault. */
export function readAgentFile(path: string | undefined): AgentSetting {
  const { edge = {}, ...others } = path === undefined ? {} : readToml(path);
  const place = path ?? '';
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new Fault('configuration', `${place}: '${other}' is none of its tables; [edge] is`);
  if (typeof edge !== 'object' || Array.isArray(edge))
    throw new Fault('configuration', `${place}: [edge] must be a table`);
  const given: Readonly<Record<string, unknown>> = { ...edge };
  const kind = text(given, 'kind', place);
  return {
    kind: kind === '' ? undefined : kind,
    address: toPlace(text(given, 'address', place), place),
    inventoryEvery: integer(given, 'inventory_seconds', place),
    handshakesPerSecond: integer(given, 'handshakes_per_second', place),
    options: Object.fromEntries(Object.entries(given).filter(([name]) => !Object.hasOwn(ROWS, name))),
  };
}

function readToml(path: string): Readonly<Record<string, unknown>> {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : '';
    throw new Fault('configuration', `${path} cannot be read: ${why}`, { cause });
  }
}

function text(given: Readonly<Record<string, unknown>>, name: 'kind' | 'address', path: string): string {
  const value = given[name] ?? ROWS[name].default;
  if (typeof value === 'string') return value;
  throw new Fault('configuration', `${path}: '${name}' of [edge] must be text`);
}

function integer(
  given: Readonly<Record<string, unknown>>,
  name: 'inventory_seconds' | 'handshakes_per_second',
  path: string,
): number {
  const {
    default: unless,
    range: [least, most],
  } = ROWS[name];
  const value = given[name] ?? unless;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most)
    return number;
  throw new Fault(
    'configuration',
    `${path}: '${name}' of [edge] must be an integer from ${least} to ${most}`,
  );
}

function toPlace(address: string, path: string): { readonly host: string; readonly port: number } {
  const place = /^(?:\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(address) ? placeOf(address) : undefined;
  if (place && place.port >= 1 && place.port <= 65_535) return place;
  throw new Fault(
    'configuration',
    `${path}: 'address' of [edge] must be HOST:PORT, where the edge shakes hands`,
  );
}
