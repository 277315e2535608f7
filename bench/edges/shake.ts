/** Clients of benchmarks of edges: handshakes in whole, each on a connection of its own. */
import { connect, createSecureContext } from 'node:tls';

const secureContext = createSecureContext({ minVersion: 'TLSv1.2' });
const LIMIT_MS = 10_000;

/** The leaf that is shown for a name, as lower-case hexadecimal SHA-256; undefined where no handshake is done within 10 s. */
export function shake(port: number, servername: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const options = { host: '127.0.0.1', port, servername, rejectUnauthorized: false, secureContext };
  const socket = connect(options, () => {
    const { fingerprint256 } = socket.getPeerCertificate();
    resolve(fingerprint256.replaceAll(':', '').toLowerCase());
    socket.destroySoon();
  });
  socket.setTimeout(LIMIT_MS, () => socket.destroy());
  socket.on('error', () => resolve(undefined)).on('close', () => resolve(undefined));
  return promise;
}

/** What clients ask for, and until when. */
export interface Clients {
  readonly port: number;
  readonly parallel: number;
  /** The next name. */
  readonly name: () => string;
  /** Whether what was shown for a name is right. */
  readonly isRight: (name: string, leaf: string | undefined) => boolean;
  /** Whether clients go on. */
  readonly goOn: (done: number) => boolean;
}

/** How many handshakes were as they are to be, and how many not. */
export interface Shaken {
  readonly done: number;
  readonly failed: number;
}

/** Has clients shake hands until they are told to end. */
export async function shakeAll({ port, parallel, name, isRight, goOn }: Clients): Promise<Shaken> {
  let [done, failed] = [0, 0];
  const client = async () => {
    while (goOn(done + failed)) {
      const asked = name();
      if (isRight(asked, await shake(port, asked))) done++;
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
  return { done, failed };
}

/** Clients go on for as long. */
export function during(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1_000;
  return () => performance.now() < end;
}
