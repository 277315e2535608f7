import ipaddr from 'ipaddr.js';

/** What one client may have at once; 0: as much as there is. */
export interface ClientLimits {
  /** Connections that are open. */
  readonly connections: number;
  /** Connections among them whose handshake is not done. */
  readonly handshakes: number;
}

/** One connection's part of what its client has. */
export interface Seat {
  /** Its handshake is done. */
  shaken(): void;
  /** It is closed. */
  leave(): void;
}

interface Held {
  connections: number;
  handshakes: number;
}

/** Counts what each client has open: an IPv4 address, or the /64 of IPv6 that one subscriber is given. */
export class ClientLimiter {
  readonly #limits: ClientLimits;
  readonly #held = new Map<string, Held>();

  constructor({ connections, handshakes }: ClientLimits) {
    this.#limits = { connections: connections || Infinity, handshakes: handshakes || Infinity };
  }

  /** Clients that have something open. */
  get size(): number {
    return this.#held.size;
  }

  /** A place for one more connection of the client at `address`, in its shortest form; undefined where it has too many. */
  enter(address: string): Seat | undefined {
    const client = clientAt(address);
    const held = this.#held.get(client) ?? { connections: 0, handshakes: 0 };
    if (held.connections >= this.#limits.connections || held.handshakes >= this.#limits.handshakes)
      return undefined;
    held.connections++;
    held.handshakes++;
    this.#held.set(client, held);
    let isShaking = true;
    const shaken = () => {
      if (isShaking) held.handshakes--;
      isShaking = false;
    };
    return {
      shaken,
      leave: () => {
        shaken();
        held.connections--;
        if (held.connections === 0) this.#held.delete(client);
      },
    };
  }
}

/** Whoever has one address of IPv6 has as a rule 2^64 of them. */
function clientAt(address: string): string {
  if (!address.includes(':')) return address;
  return ipaddr.parse(address).toByteArray().slice(0, 8).join('.');
}
