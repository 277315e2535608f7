import type { Socket } from 'node:net';
import { networkOf } from '../address.ts';

/** How many connections there may be, in all and from one /24 or /56. */
export interface StreamLimits {
  readonly most: number;
  readonly mostOfNetwork: number;
}

/**
 * The connections of a server. A newcomer always finds room: where there are too many, in all or from its network, the
 * one goes that has asked nothing for the longest time, so that slow ones do not keep others out.
 */
export class StreamTable {
  readonly #limits: StreamLimits;
  /** Each with its network, in the order of what they did last; so are those of each network. */
  readonly #all = new Map<Socket, string>();
  readonly #networks = new Map<string, Set<Socket>>();
  readonly #busy = new WeakSet<Socket>();

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Takes a connection in until it is closed. */
  enter(socket: Socket): void {
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const network = networkOf(socket.remoteAddress);
    const near = this.#networks.get(network);
    if (near && near.size >= this.#limits.mostOfNetwork) this.#makeRoom(near);
    if (this.#all.size >= this.#limits.most) this.#makeRoom(this.#all.keys());
    this.#put(socket, network);
    socket.once('close', () => this.#forget(socket));
  }

  /** A message of `socket` is being answered: it goes last where room is made. */
  answering(socket: Socket): void {
    this.#busy.add(socket);
  }

  /** An answer is out: nobody has done something later. */
  answered(socket: Socket): void {
    this.#busy.delete(socket);
    const network = this.#all.get(socket);
    if (network === undefined) return;
    this.#forget(socket);
    this.#put(socket, network);
  }

  destroyAll(): void {
    for (const socket of this.#all.keys()) socket.destroy();
  }

  #makeRoom(among: Iterable<Socket>): void {
    let oldest: Socket | undefined;
    for (const socket of among) {
      oldest ??= socket;
      if (this.#busy.has(socket)) continue;
      oldest = socket;
      break;
    }
    oldest?.destroy();
    // Destroying tells of the close only later; by then it must not count.
    if (oldest) this.#forget(oldest);
  }

  #put(socket: Socket, network: string): void {
    this.#all.set(socket, network);
    const near = this.#networks.get(network);
    if (near) near.add(socket);
    else this.#networks.set(network, new Set([socket]));
  }

  #forget(socket: Socket): void {
    const network = this.#all.get(socket) ?? '';
    this.#all.delete(socket);
    const near = this.#networks.get(network);
    near?.delete(socket);
    if (near?.size === 0) this.#networks.delete(network);
  }
}
