import type { Command } from 'commander';
import { addAgentBench } from './agent.ts';
import { addFaultsBench } from './deployment-faults.ts';
import { addEdgesBench } from './edges/edges.ts';
import { addNodesBench } from './nodes.ts';

/** Adds what measures edges and agents. */
export function addEdgeBenches(bench: Command, say: (what: string) => void): void {
  for (const add of [addAgentBench, addEdgesBench, addFaultsBench, addNodesBench]) add(bench, say);
}
