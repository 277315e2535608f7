import type { ServedFile } from '../edge.ts';
import type { Enrol, Enrolled, Line, PacksGiven, Renew, Renewed, Report } from './protocol.ts';

/** An agent that the service knows by the certificate that it shows. */
export interface KnownAgent {
  /** UUID of its edge. */
  readonly edgeId: string;
  /** SHA-256 of the public key that it shows. */
  readonly keyHash: string;
  /** Whence it comes. */
  readonly address: string;
}

/** What the listener for agents needs of the service. Each throws a `Fault` in words for whoever runs the agent. */
export interface AgentSource {
  /** Takes an edge up. Throws `edge_token_refused`, `malformed_request`. */
  enrol(asked: Enrol, address: string): Promise<Enrolled>;
  /** Whether the edge is there, and this its agent's key. */
  isKnown(agent: Pick<KnownAgent, 'edgeId' | 'keyHash'>): boolean;
  renew(agent: KnownAgent, asked: Renew): Promise<Renewed>;
  /** What is told, from a cursor on, until it is aborted. */
  changes(agent: KnownAgent, since: string | undefined, signal: AbortSignal): AsyncIterable<Line>;
  packs(agent: KnownAgent, ids: readonly string[]): Promise<PacksGiven>;
  report(agent: KnownAgent, report: Report): Promise<void>;
  /** The file that shows control of `name` at `path`, or undefined. */
  fileFor(name: string, path: string): Promise<ServedFile | undefined>;
}
