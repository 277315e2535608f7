import type { Socket } from 'node:net';
import type { Seconds } from '../../kit/time.ts';

/** Why a connection was destroyed: its time was up, or it was the oldest of too many. */
export type Eviction = 'late' | 'crowded';

/**
 * The connections whose handshake (or request) is not done, bounded in number and time. Where there are too many the
 * oldest goes: a client that means it is done long before.
 */
export class HandshakeLimiter {
  readonly #most: number;
  readonly #patience: Seconds;
  readonly #evicted: (socket: Socket, why: Eviction) => void;
  readonly #leave = new Map<Socket, () => void>();

  /** `evicted` is told of each connection before it is destroyed. */
  constructor(
    most: number,
    patience: Seconds,
    evicted: (socket: Socket, why: Eviction) => void = () => undefined,
  ) {
    this.#most = most;
    this.#patience = patience;
    this.#evicted = evicted;
  }

  get size(): number {
    return this.#leave.size;
  }

  /** Destroys `socket` unless `leave` is called for it in time. */
  enter(socket: Socket): void {
    const [oldest] = this.#leave.keys();
    if (oldest && this.#leave.size >= this.#most) this.#evict(oldest, 'crowded');
    const late = setTimeout(() => this.#evict(socket, 'late'), this.#patience * 1_000);
    const leave = () => this.leave(socket);
    socket.once('close', leave);
    this.#leave.set(socket, () => {
      clearTimeout(late);
      socket.off('close', leave);
    });
  }

  /** The handshake is done, or the connection closed. */
  leave(socket: Socket): void {
    this.#leave.get(socket)?.();
    this.#leave.delete(socket);
  }

  /** Destroying tells of the close only later; by then it must not count. */
  #evict(socket: Socket, why: Eviction): void {
    this.#evicted(socket, why);
    socket.destroy();
    this.leave(socket);
  }
}
