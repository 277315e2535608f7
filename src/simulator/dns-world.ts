import { join } from 'node:path';
import { CustomerRecords } from './dns/customer-records.ts';
import { customersAnswerer } from './dns/customers.ts';
import { type Answerer, type BoundSockets, bind, type DnsListener, release, serve } from './dns/listen.ts';
import { OurZones } from './dns/our-zones.ts';
import { Resolver } from './dns/resolver.ts';
import { type NameServer, rootAnswerer } from './dns/root.ts';
import { portsToTry } from './ports.ts';
import { DNS_ADDRESSES } from './simulator.ts';

/** The DNS of the simulated world, listening. */
export interface DnsWorld {
  readonly port: number;
  readonly records: CustomerRecords;
  readonly resolver: Resolver;
  close(): Promise<void>;
}

/** Starts root, customers' servers and resolver on one port. Throws `configuration` when it is taken. */
export async function startDnsWorld(options: {
  readonly dir: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly nameServers: readonly NameServer[];
  /** See `SimulatorOptions`. */
  readonly isRegistryTold?: boolean | undefined;
}): Promise<DnsWorld> {
  const records = new CustomerRecords(join(options.dir, 'dns-records.json'));
  const { port, sockets } = options.port === 0 ? await bindAnyPort() : await bindPort(options.port);
  const servers = [...new Set(options.nameServers.map((server) => server.address))];
  const ours = new OurZones(servers.map((address) => ({ address, port })));
  const resolver = new Resolver({ address: DNS_ADDRESSES.root, port });
  const answerers: readonly Answerer[] = [
    (query) => resolver.resolve(query.question.name, query.type),
    rootAnswerer({
      nameServers: options.nameServers,
      ours,
      records,
      isTold: options.isRegistryTold ?? false,
    }),
    ...DNS_ADDRESSES.customers.map(() => customersAnswerer(records)),
  ];
  const listeners = sockets.flatMap((bound, i): DnsListener[] => {
    const answerer = answerers[i];
    return answerer ? [serve(bound, answerer)] : [];
  });
  return {
    port,
    records,
    resolver,
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

interface Bound {
  readonly port: number;
  readonly sockets: readonly BoundSockets[];
}

async function bindAnyPort(): Promise<Bound> {
  let failure: unknown;
  for (const port of portsToTry()) {
    try {
      return await bindPort(port);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Takes the port on every address of the world; our responder's is only tried, and left to it. */
async function bindPort(port: number): Promise<Bound> {
  const addresses = [DNS_ADDRESSES.resolver, DNS_ADDRESSES.root, ...DNS_ADDRESSES.customers];
  const tried = await Promise.allSettled([
    ...addresses.map((address) => bind({ address, port })),
    bind({ address: DNS_ADDRESSES.responder, port }),
  ]);
  const bound = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refused = tried.find((one) => one.status === 'rejected');
  if (refused) {
    await Promise.all(bound.map(release));
    throw refused.reason;
  }
  const responder = bound.pop();
  if (responder) await release(responder);
  return { port, sockets: bound };
}
