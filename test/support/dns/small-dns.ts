/** A small DNS for tests: real authoritative servers on loopback addresses that share one port. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import packet, { type Answer, type Packet, type Question } from 'dns-packet';
import { isBelow, isWithin, parentOf, toDnsName } from '../../../src/dns/message/names.ts';

/** What a server sends back: a packet's parts, bytes as they are, or nothing. */
export type Scripted = (
  question: Question,
  via: 'udp' | 'tcp',
  query: Packet,
) => Omit<Packet, 'id'> | Buffer | undefined;

/** A running world. */
export interface World {
  readonly port: number;
  /** Every question that reached an address, as `address name type`. */
  readonly asked: string[];
  /** Sets what an address does; it listens from the first time on. */
  set(address: string, scripted: Scripted): Promise<void>;
  close(): Promise<void>;
}

const NXDOMAIN = 3;
const REFUSED = 5;

/** A record in short: `['www.example.com', 'A', '192.0.2.1']`. */
export type Line = readonly [name: string, type: 'A' | 'AAAA' | 'NS' | 'CNAME' | 'TXT', data: string];

/** A server that is authoritative for the zones given by their lines, with referrals, glue, NODATA and NXDOMAIN. */
export function authoritative(zones: Readonly<Record<string, readonly Line[]>>): Scripted {
  return (question) => {
    const name = toDnsName(question.name);
    const apexes = Object.keys(zones).filter((apex) => isWithin(name, apex));
    const apex = apexes.toSorted((a, b) => b.length - a.length)[0];
    if (apex === undefined) return { flags: REFUSED };
    return answerIn(zones[apex] ?? [], apex, { name, type: question.type });
  };
}

function answerIn(lines: readonly Line[], apex: string, { name, type }: Question): Omit<Packet, 'id'> {
  const cut = lines.find(([owner, kind]) => kind === 'NS' && isBelow(owner, apex) && isWithin(name, owner));
  if (cut) return referral(lines, cut[0]);
  const flags = packet.AUTHORITATIVE_ANSWER;
  const soa = soaOf(apex);
  const own = lines.filter(([owner, kind]) => owner === name && (kind === type || kind === 'CNAME'));
  const answers = [...(type === 'SOA' && name === apex ? [soa] : []), ...own.map(toAnswer)];
  if (answers.length > 0) return { flags, answers };
  const exists = name === apex || lines.some(([owner]) => isWithin(owner, name));
  return { flags: flags | (exists ? 0 : NXDOMAIN), authorities: [soa] };
}

function referral(lines: readonly Line[], child: string): Omit<Packet, 'id'> {
  const authorities = lines.filter(([owner, kind]) => kind === 'NS' && owner === child);
  const names = new Set(authorities.map(([, , data]) => data));
  const glue = lines.filter(([owner, kind]) => names.has(owner) && (kind === 'A' || kind === 'AAAA'));
  return { authorities: authorities.map(toAnswer), additionals: glue.map(toAnswer) };
}

function toAnswer([name, type, data]: Line): Answer {
  const common = { name: name === '' ? '.' : name, ttl: 300 };
  return type === 'TXT' ? { ...common, type, data: [Buffer.from(data)] } : { ...common, type, data };
}

function soaOf(apex: string): Answer {
  const data = {
    mname: 'ns.invalid',
    rname: 'h.invalid',
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 1,
  };
  return { type: 'SOA', name: apex === '' ? '.' : apex, ttl: 1, data };
}

/** A server whose referral leads to the parent of what is asked: lame, and a loop for whoever follows. */
export const upward: Scripted = ({ name }) => ({
  authorities: [toAnswer([parentOf(parentOf(name)), 'NS', 'ns.invalid'])],
});

export const silent: Scripted = () => undefined;
export const refusing: Scripted = () => ({ flags: REFUSED });

/** Starts a world with one port free on every address that is used later. */
export async function startWorld(): Promise<World> {
  const scripts = new Map<string, Scripted>();
  const asked: string[] = [];
  const open: (Socket | Server)[] = [];
  let port = 0;
  const reply = (address: string, bytes: Buffer, via: 'udp' | 'tcp') => {
    const query = packet.decode(bytes);
    const question = query.questions?.[0];
    if (!question) return undefined;
    asked.push(`${address} ${question.name} ${question.type}`);
    const said = scripts.get(address)?.(question, via, query);
    if (said === undefined || Buffer.isBuffer(said)) return said;
    return packet.encode({ type: 'response', id: query.id ?? 0, questions: [question], ...said });
  };
  const set = async (address: string, scripted: Scripted) => {
    const isNew = !scripts.has(address);
    scripts.set(address, scripted);
    if (!isNew) return;
    const udp = await listenUdp(address, port, (bytes) => reply(address, bytes, 'udp'));
    port = udp.address().port;
    open.push(udp, await listenTcp(address, port, (bytes) => reply(address, bytes, 'tcp')));
  };
  await set('127.0.70.1', silent);
  const close = async () => {
    await Promise.all(open.map((one) => closed(one)));
  };
  return { port, asked, set, close };
}

type Reply = (bytes: Buffer) => Buffer | undefined;

async function listenUdp(address: string, port: number, reply: Reply): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const bytesBack = reply(bytes);
    if (bytesBack) socket.send(bytesBack, from.port, from.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

async function listenTcp(address: string, port: number, reply: Reply): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const bytes = reply(chunk.subarray(2));
      if (bytes) socket.end(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]));
    });
  });
  server.listen(port, address);
  await once(server, 'listening');
  return server;
}

async function closed(one: Socket | Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  one.close(() => resolve());
  await promise;
}
