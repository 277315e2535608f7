import type { Socket } from 'node:net';
import type { Seconds } from '../../kit/time.ts';

/**
 * The connections whose handshake is not done, bounded in number and time. Where there are too many the oldest
 * goes: a client that means it is done long before.
 */
export class HandshakeLimiter {
  readonly #most: number;
  readonly #patience: Seconds;
  readonly #leave = new Map<Socket, () => void>();

  constructor(most: number, patience: Seconds) {
    this.#most = most;
    this.#patience = patience;
  }

  get size(): number {
    return this.#leave.size;
  }

  /** Destroys `socket` unless `leave` is called for it in time. */
  enter(socket: Socket): void {
    const [oldest] = this.#leave.keys();
    if (oldest && this.#leave.size >= this.#most) oldest.destroy();
    const late = setTimeout(() => socket.destroy(), this.#patience * 1_000);
    const leave = () => this.leave(socket);
    socket.once('close', leave);
    this.#leave.set(socket, () => {
      clearTimeout(late);
      socket.off('close', leave);
    });
    // Destroying tells of the close only later; by then it must not count.
    if (oldest?.destroyed) this.leave(oldest);
  }

  /** The handshake is done, or the connection closed. */
  leave(socket: Socket): void {
    this.#leave.get(socket)?.();
    this.#leave.delete(socket);
  }
}
