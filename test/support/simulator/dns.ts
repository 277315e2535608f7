import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { DecodedPacket, RecordType } from 'dns-packet';
import { ask } from '../../../src/simulator/dns/ask.ts';
import { type Answerer, bind, serve } from '../../../src/simulator/dns/listen.ts';
import { RCODE } from '../../../src/simulator/dns/message.ts';
import { isWithin } from '../../../src/simulator/dns/names.ts';
import { type DnsWorld, startDnsWorld } from '../../../src/simulator/dns-world.ts';
import { DNS_ADDRESSES } from '../../../src/simulator/simulator.ts';
import { type After, givenOptions } from './world.ts';

/** A DNS world with ways to ask it, closed after the tests. */
export class TestDns {
  readonly world: DnsWorld;
  readonly dir: string;

  private constructor(world: DnsWorld, dir: string) {
    this.world = world;
    this.dir = dir;
  }

  static async start(t: After): Promise<TestDns> {
    const { dir, nameServers } = givenOptions(t);
    const world = await startDnsWorld({ dir, port: 0, nameServers });
    t.after(() => world.close());
    return new TestDns(world, dir);
  }

  /** Asks one server of the world. */
  look(address: string, name: string, type: RecordType): Promise<DecodedPacket> {
    return ask({ address, port: this.world.port }, { name, type }, AbortSignal.timeout(10_000));
  }

  put(name: string, type: string, ...values: string[]): Promise<unknown> {
    return this.world.records.put({ name, type, values });
  }

  /** A name server of ours for one zone, for one test. */
  async givenOurServer(t: After, zone: string, answer: Answerer): Promise<void> {
    const sockets = await bind({ address: DNS_ADDRESSES.responder, port: this.world.port });
    const listener = serve(sockets, (query) =>
      isWithin(query.name, zone) ? answer(query) : { rcode: RCODE.REFUSED },
    );
    t.after(() => listener.close());
  }

  /** Sends one message over UDP as it is, and gives the bytes of the answer. */
  async raw(address: string, message: Buffer): Promise<Buffer> {
    const socket = createSocket('udp4');
    try {
      socket.send(message, this.world.port, address);
      const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
      return answer;
    } finally {
      socket.close();
    }
  }
}

/** Records as one string each, for comparing. */
export const rows = (answers: DecodedPacket['answers'] = []): string[] =>
  answers.flatMap((one) => (one.type === 'OPT' ? [] : [`${one.name} ${one.type} ${text(one.data)}`]));

function text(data: unknown): string {
  if (Array.isArray(data)) return data.map(String).join('');
  return typeof data === 'object' && data && 'mname' in data ? 'start' : String(data);
}
