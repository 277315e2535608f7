/** Faults of edges and agents, each while packs are being deployed. */
import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { spoil } from './edge-program.ts';
import type { FaultyEdge } from './faulty-edges.ts';

/** A fault of one edge, while these packs go there. */
export interface Fault {
  /** Begins before the packs are ordered; what it returns is done once they have been deploying for a while, and mends it. */
  readonly begin: (edge: FaultyEdge) => Promise<() => Promise<void>>;
  /** Done to a file of a pack as soon as it is there; `strange` is another certificate with its key. */
  readonly plant?: (edge: FaultyEdge, path: string, strange: string) => Promise<void>;
}

/** Begins nothing, and has nothing to mend. */
const nothing = async () => async () => undefined;

/** Whether an edge has files, to which something can be done. */
const hasFiles = ({ program }: FaultyEdge): boolean => program.folder !== undefined;

/** Kills the agent at the moment at which a file appears: it has written and not told yet. */
async function killAtFirstFile(edge: FaultyEdge): Promise<() => Promise<void>> {
  const { folder } = edge.program;
  const watcher = folder === undefined ? undefined : watch(folder, { recursive: true });
  const killed = Promise.withResolvers<void>();
  watcher?.once('change', () => void edge.killAgent().then(killed.resolve));
  return async () => {
    await Promise.race([killed.promise, sleep(5_000)]);
    watcher?.close();
    await edge.killAgent();
    await edge.startAgent();
  };
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  none: { begin: nothing },
  edge_down: {
    begin: async ({ program }) => {
      await program.stop();
      return () => program.start();
    },
  },
  frozen: {
    begin: async ({ program }) => {
      await program.freeze(true);
      return () => program.freeze(false);
    },
  },
  agent_killed: {
    begin: async (edge) => {
      await edge.killAgent();
      return () => edge.startAgent();
    },
  },
  killed_between: { begin: killAtFirstFile },
  wrong_file: {
    begin: nothing,
    plant: async ({ program }, path, strange) => {
      spoil.put(path, strange);
      await program.load(path);
    },
  },
  half_file: {
    begin: nothing,
    plant: async ({ program }, path) => {
      spoil.half(path);
      await program.load(path);
    },
  },
  wrong_in_memory: {
    begin: nothing,
    plant: ({ program }, path, strange) => program.load(path, strange),
  },
  wrong_key: {
    begin: nothing,
    plant: async ({ program }, path, strange) => {
      const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(strange)?.[0] ?? '';
      const chain = spoil.chain(path);
      spoil.put(path, `${chain}\n${key}\n`);
      await program.load(path);
    },
  },
};

/** Faults that make sense at an edge. */
export const faultsOf = (edge: FaultyEdge): string[] =>
  Object.keys(FAULTS).filter((name) => canHave(name, edge));

function canHave(name: string, edge: FaultyEdge): boolean {
  if (name === 'wrong_in_memory') return edge.program.kind === 'haproxy';
  if (name === 'killed_between') return hasFiles(edge);
  return !FAULTS[name]?.plant || hasFiles(edge);
}
