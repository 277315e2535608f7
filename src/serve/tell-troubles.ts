/** Whoever speaks to something of the operator's, heard by `Troubles`: what stops working is told once, and what works again. */
import type { Exchanged } from '../acme/http.ts';
import type { CaHealth } from '../api/deps.ts';
import type { ShowLeaf } from '../edge/edge.ts';
import type { JobDeps } from '../job/job.ts';
import { Fault } from '../kit/fault.ts';
import type { Troubles } from '../kit/troubles.ts';
import type { CertificateAuthority } from '../pack/pack.ts';

const RESOLVER = { kind: 'dns', name: 'resolver of this machine' } as const;
const LOOKS = { kind: 'dns', name: 'look-ups from the root' } as const;

/** Hears what came of each exchange with a CA. */
export const hearExchange =
  (troubles: Troubles) =>
  (name: CertificateAuthority, { status, problem }: Exchanged): void => {
    hearResolver(troubles, problem?.cause, status);
    if (problem) troubles.began({ kind: 'ca', name }, problem.message);
    else if (status !== undefined && status >= 500)
      troubles.began({ kind: 'ca', name }, `it answers HTTP ${status}`);
    else if (status !== undefined) troubles.over({ kind: 'ca', name });
  };

/** When CAs answered last, and when they did not as they should: by `now`, as this process hears it. */
export function newCaHealth(now: () => Date) {
  const known = new Map<CertificateAuthority, CaHealth>();
  return {
    of: (name: CertificateAuthority): CaHealth | undefined => known.get(name),
    hear: (name: CertificateAuthority, { status, problem }: Exchanged): void => {
      const isFailure = problem !== undefined || (status !== undefined && status >= 500);
      // What we broke off ourselves says nothing of the CA.
      if (!isFailure && status === undefined) return;
      known.set(name, { ...known.get(name), [isFailure ? 'lastFailure' : 'lastSuccess']: now() });
    },
  };
}

/** Hears what came of each handshake with an edge. */
export const hearHandshakes =
  (troubles: Troubles, show: ShowLeaf): ShowLeaf =>
  async (edge, ask, signal) => {
    const subject = { kind: 'edge', name: edge.name } as const;
    try {
      const shown = await show(edge, ask, signal);
      troubles.over(subject);
      return shown;
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault)) throw error;
      hearResolver(troubles, error.cause, undefined);
      const fault = codeOf(error.cause) === 'EAI_AGAIN' ? unnamed(edge, error) : error;
      troubles.began(subject, fault.message);
      throw fault;
    }
  };

const unnamed = ({ name, host }: Parameters<ShowLeaf>[0], cause: Fault): Fault =>
  new Fault(
    'edge_unreachable',
    `edge ${name}: ${host} cannot be looked up, the DNS resolver of this machine does not answer (EAI_AGAIN)`,
    { cause },
  );

/** Hears whether looks at validation records come through to the world at all: no customer's server is in that. */
export const hearLooks =
  (troubles: Troubles, look: JobDeps['precheckTxt']): JobDeps['precheckTxt'] =>
  async (record, signal) => {
    const check = await look(record, signal);
    const isStuck =
      check.seen.length > 0 &&
      check.seen.every(({ server, answer }) => server.startsWith('root (') && answer === 'unreachable');
    if (isStuck) troubles.began(LOOKS, 'no root server answers: is port 53, UDP and TCP, open to the world?');
    else if (check.seen.length > 0) troubles.over(LOOKS);
    return check;
  };

/** Hears whether the name server of a zone takes dynamic updates. */
export const hearPublishers = (
  troubles: Troubles,
  publishers: JobDeps['publishers'],
): JobDeps['publishers'] =>
  new Map(
    [...publishers].map(([zone, publisher]) => {
      const hear = async (work: Promise<void>, signal: AbortSignal): Promise<void> => {
        const subject = { kind: 'dns', name: `dynamic updates of ${zone}` } as const;
        try {
          await work;
          troubles.over(subject);
        } catch (error) {
          if (!signal.aborted && error instanceof Fault) troubles.began(subject, error.message);
          throw error;
        }
      };
      return [
        zone,
        {
          accountId: publisher.accountId,
          add: (records, signal) => hear(publisher.add(records, signal), signal),
          remove: (records, signal) => hear(publisher.remove(records, signal), signal),
        },
      ];
    }),
  );

function hearResolver(troubles: Troubles, cause: unknown, status: number | undefined): void {
  if (codeOf(cause) === 'EAI_AGAIN') troubles.began(RESOLVER, 'it does not answer (EAI_AGAIN)');
  else if (status !== undefined) troubles.over(RESOLVER);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
