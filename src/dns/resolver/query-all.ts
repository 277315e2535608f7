import type { Seen } from '../dns.ts';
import { RCODE, type Reply } from '../message/message.ts';
import type { Heard } from './exchange.ts';
import type { IterativeResolver, ServerHeard } from './iterative-resolver.ts';
import type { Server, Zone } from './zone.ts';

/** What one server said of one name, before it is cut for the subscriber. */
export interface Said {
  /** Name and address, e.g. `ns1.example.net (192.0.2.1)`. */
  readonly server: string;
  readonly name: string;
  /** Besides `Seen`'s: `alias` is a CNAME, `barred` a server that the address policy keeps us from asking. */
  readonly answer: Seen['answer'] | 'alias' | 'barred';
  /** TXT values, bytes as latin1. */
  readonly values: readonly string[];
  /** The CNAME's target. */
  readonly target?: string;
  /** Who said it; absent where nobody was asked. */
  readonly from?: Server;
  /** How it failed, as the rest of a sentence: `does not answer`. */
  readonly why?: string;
}

/** Asks every server of `zone` for the TXT at `name`. */
export async function queryAll(walk: IterativeResolver, zone: Zone, name: string): Promise<Said[]> {
  const { open } = await walk.serversOf(zone);
  const said = await Promise.all(
    open.map(async (server) =>
      saidOf(name, { server, heard: await walk.ask(server, { name, type: 'TXT' }, 2) }),
    ),
  );
  return [...said, ...(await unasked(walk, zone, name))];
}

/** The servers of `zone` that are not asked: barred by the address policy, or of unknown address. */
export async function unasked(walk: IterativeResolver, zone: Zone, name: string): Promise<Said[]> {
  const { barred, unknown } = await walk.serversOf(zone);
  const shut = barred.map((server) => ({
    server: label(server),
    name,
    answer: 'barred' as const,
    values: [],
  }));
  const lost = unknown.map((server) => ({
    server,
    name,
    answer: 'unreachable' as const,
    values: [],
    why: 'has an address that could not be looked up',
  }));
  return [...shut, ...lost];
}

/** What a server's answer to a TXT question says; also to another question, for a server that did not help. */
export function saidOf(name: string, { server, heard }: ServerHeard): Said {
  return { server: label(server), name, values: [], from: server, ...read(name, heard) };
}

/** A server as it is called to the subscriber: name and address. */
export const label = ({ name, address }: Server): string => `${name} (${address})`;

function read(name: string, heard: Heard): Pick<Said, 'answer'> & Partial<Said> {
  if (heard.kind === 'silence') return { answer: 'unreachable', why: heard.why };
  const { reply } = heard;
  const own = reply.answers.filter((record) => record.name === name);
  if (reply.rcode === RCODE.refused) return { answer: 'refused', why: 'refuses to answer' };
  if (reply.rcode !== RCODE.noError && reply.rcode !== RCODE.nxDomain)
    return { answer: 'failed', why: failureOf(reply) };
  if (!reply.isAuthoritative) return { answer: 'failed', why: 'answers without authority for the zone' };
  const target = own.find((record) => record.type === 'CNAME')?.data;
  const values = own.filter((record) => record.type === 'TXT').map((record) => record.data);
  if (target !== undefined) return { answer: 'alias', target, values };
  if (reply.rcode === RCODE.nxDomain) return { answer: 'no_name' };
  return { answer: values.length > 0 ? 'values' : 'no_record', values };
}

function failureOf({ rcode }: Reply): string {
  const name = Object.entries(RCODE).find(([, code]) => code === rcode)?.[0];
  return `fails with ${name?.toUpperCase() ?? `code ${rcode}`}`;
}
