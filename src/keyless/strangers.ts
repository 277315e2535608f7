import type { Socket } from 'node:net';

/**
 * Connections that have not shown a certificate yet. Whoever comes finds room: where there are too many, the oldest goes, as whoever
 * has a certificate shows it at once.
 */
export class Strangers {
  readonly #most: number;
  readonly #sockets = new Map<string, Socket>();

  constructor(most: number) {
    this.#most = most;
  }

  enter(socket: Socket): void {
    const key = keyOf(socket);
    const [oldest] = this.#sockets;
    if (oldest && this.#sockets.size >= this.#most) {
      this.#sockets.delete(oldest[0]);
      oldest[1].destroy();
    }
    this.#sockets.set(key, socket);
    socket.once('close', () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
  }

  /** A connection is no stranger's any more; it may be given by what speaks TLS on it. */
  leave(socket: Socket): void {
    this.#sockets.delete(keyOf(socket));
  }

  /** Ends all of them. */
  end(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }
}

const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
