import { readIdentity } from '../edge/agent/identity.ts';
import { readStatus } from '../edge/agent/status-socket.ts';
import { Fault } from '../kit/fault.ts';
import { printJson, printLines } from './print.ts';

/** `certpacks agent status`. */
export async function agentStatus({
  dir,
  json,
}: {
  readonly dir: string;
  readonly json?: boolean;
}): Promise<void> {
  const identity = await readIdentity(dir);
  if (!identity)
    throw new Fault('configuration', `${dir} is no agent's folder: certpacks agent enrol TOKEN --dir ${dir}`);
  const { edge, renewOn } = identity.enrolled;
  const told = await readStatus(dir);
  const stats: object = typeof told === 'object' && told !== null ? told : {};
  const all = { edge, address: identity.address, renewOn, isRunning: told !== undefined, ...stats };
  if (json === true) return printJson(all);
  printLines(
    linesOf(all)
      .map(([name, value]) => `${`${name}:`.padEnd(14)} ${value}\n`)
      .join(''),
  );
}

type Line = readonly [name: string, value: string];

/** What is there, in words; what the agent does not say is left out. */
function linesOf(all: Readonly<Record<string, unknown>> & { readonly isRunning: boolean }): Line[] {
  const { edge, problems } = all;
  const [of, wrong] = [{ ...toObject(edge) }, { ...toObject(problems) }];
  const counts = ['packs', 'names', 'leaving', 'failing', 'unproved', 'unreported', 'drifts'];
  return [
    ['edge', `${text(of['name'])} (${text(of['kind'])}, ${text(of['environment'])})`],
    ['service', `${text(all['address'])}, ${all['isConnected'] === true ? 'connected' : 'not connected'}`],
    ['agent', all.isRunning ? 'runs' : 'does not run'],
    ['certificate', `renewed on ${text(all['renewOn'])}`],
    ...counts.filter((name) => name in all).map((name): Line => [name, text(all[name])]),
    ...Object.entries(wrong).map(([name, why]): Line => [`${name} trouble`, text(why)]),
  ];
}

const toObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : 'not known';
