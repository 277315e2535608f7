/** Networks of their own for edges: namespaces that a bridge joins, or addresses of loopback where nobody may make such. */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import type { Stand } from './fleet-edge.ts';
import type { Ends } from './given-nginx.ts';

/** Where a service and the edges far from it stand. */
export interface Net {
  readonly kind: 'namespaces' | 'loopback';
  /** Why there are no namespaces. */
  readonly why?: string;
  /** Address at which the service is reached from every place. */
  readonly service: string;
  readonly places: readonly Omit<Stand, 'port'>[];
}

/** Makes so many places. They go with `ends`. */
export function givenNet(ends: Ends, count: number): Net {
  const tag = `cp${randomInt(0x1000, 0xffff).toString(16)}`;
  const [prefix, undo] = [`10.213.${randomInt(1, 254)}`, new AsyncDisposableStack()];
  try {
    undo.defer(() => void ip('link', 'del', `${tag}br`));
    ip('link', 'add', `${tag}br`, 'type', 'bridge');
    ip('addr', 'add', `${prefix}.1/24`, 'dev', `${tag}br`);
    ip('link', 'set', `${tag}br`, 'up');
    const places = Array.from({ length: count }, (_, i) =>
      place(undo, { tag, i, host: `${prefix}.${i + 2}` }),
    );
    ends.defer(() => undo.disposeAsync());
    return { kind: 'namespaces', service: `${prefix}.1`, places };
  } catch (error) {
    void undo.disposeAsync().catch(() => undefined);
    const places = Array.from({ length: count }, (_, i) => ({ host: `127.0.77.${i + 2}`, within: [] }));
    return { kind: 'loopback', why: wordsOf(error), service: '127.0.77.1', places };
  }
}

interface Wanted {
  readonly tag: string;
  readonly i: number;
  readonly host: string;
}

/** A namespace with an end of a cable, of which the bridge has the other. */
function place(undo: AsyncDisposableStack, { tag, i, host }: Wanted): Omit<Stand, 'port'> {
  const [name, near, far] = [`${tag}-${i}`, `${tag}n${i}`, `${tag}f${i}`];
  ip('netns', 'add', name);
  undo.defer(() => void ip('netns', 'del', name));
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
  ip('link', 'set', near, 'master', `${tag}br`, 'up');
  ip('-n', name, 'addr', 'add', `${host}/24`, 'dev', far);
  ip('-n', name, 'link', 'set', far, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return { host, within: ['ip', 'netns', 'exec', name] };
}

const ip = (...args: readonly string[]) =>
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });

const wordsOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
