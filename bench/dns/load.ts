import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export const HOST = '127.0.0.1';

/** How long nothing may come before what was on its way is taken for lost, in milliseconds. */
const LOST_MS = 100;

export interface LoadOptions {
  readonly port: number;
  /** Questions, asked in turns. */
  readonly questions: readonly Buffer[];
  readonly seconds: number;
  /** How many are on their way at once. */
  readonly parallel: number;
}

/** Asks a UDP port one question for each answer. How many came that tell of no error, and in how long. */
export async function ask({ port, questions, seconds, parallel }: LoadOptions): Promise<{
  readonly answers: number;
  readonly seconds: number;
}> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
  let [asked, answered, failed] = [0, 0, 0];
  const askOne = () => {
    const question = questions[asked % questions.length] ?? Buffer.of();
    asked += 1;
    socket.send(question, port, HOST);
  };
  socket.on('message', (bytes) => {
    if ((bytes.readUInt16BE(2) & 15) === 0) answered += 1;
    else failed += 1;
    askOne();
  });
  socket.bind(0, HOST);
  await once(socket, 'listening');
  const began = performance.now();
  const end = began + seconds * 1_000;
  let seen = -1;
  while (performance.now() < end) {
    // At the beginning, and where all that was on its way got lost.
    if (answered + failed === seen || asked === 0) for (let i = 0; i < parallel; i++) askOne();
    seen = answered + failed;
    await sleep(LOST_MS);
  }
  const took = (performance.now() - began) / 1_000;
  socket.removeAllListeners('message');
  socket.close();
  return { answers: answered, seconds: took };
}
