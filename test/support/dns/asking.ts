/** One server with a script, and the exchanges of questions with it. */
import packet from 'dns-packet';
import type { AskedType } from '../../../src/dns/message/message.ts';
import { type Effort, exchange, type Heard } from '../../../src/dns/resolver/exchange.ts';
import { type Scripted, startWorld, type World } from './small-dns.ts';

export const ADDRESS = '127.0.73.1';
export const NAME = 'host.example';
/** One TXT record of two strings. */
export const VALUES: Omit<packet.Packet, 'id'> = {
  flags: packet.AUTHORITATIVE_ANSWER,
  answers: [{ name: NAME, type: 'TXT', ttl: 1, data: [Buffer.from('one'), Buffer.from('two')] }],
};

/** The running server. */
export interface Asking {
  readonly world: World;
  /** Asks it, scripted anew; of the questions, those from here on are in `world.asked`. */
  ask(scripted: Scripted, more?: Partial<Effort>): Promise<Heard>;
  /** Asks it for another type, as it is scripted. */
  askFor(type: AskedType, more?: Partial<Effort>): Promise<Heard>;
}

export async function startAsking(): Promise<Asking> {
  const world = await startWorld();
  const askFor = (type: AskedType, more: Partial<Effort> = {}) => {
    const question = { address: ADDRESS, port: world.port, name: NAME, type };
    return exchange(question, {
      tries: 1,
      spend: () => true,
      signal: AbortSignal.timeout(10_000),
      ...more,
    });
  };
  const ask = async (scripted: Scripted, more: Partial<Effort> = {}) => {
    await world.set(ADDRESS, scripted);
    world.asked.length = 0;
    return askFor('TXT', more);
  };
  return { world, ask, askFor };
}
