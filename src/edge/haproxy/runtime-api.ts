import { connect, type Socket } from 'node:net';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';

/** Where HAProxy takes commands (`stats socket`). */
export type RuntimePlace = { readonly path: string } | { readonly host: string; readonly port: number };

/** Longest silence of HAProxy while an answer is due. */
const PATIENCE: Seconds = 10;

/** Bytes of commands that are on their way at a time, a larger one alone: enough that nobody waits, and memory is bounded. */
const BYTES_AT_A_TIME = 256_000;

/** What ends each answer in interactive mode. */
const PROMPT = '\n> ';

/** An answer that is due. */
interface Due {
  readonly resolve: (answer: string) => void;
  readonly reject: (why: unknown) => void;
}

/**
 * A connection to HAProxy's runtime API (Management Guide 9.3) in interactive mode: commands go one behind the other, and answers come
 * in their order. Everything throws `edge_unreachable` once the connection is gone, and the signal's reason when it is aborted.
 */
export class RuntimeApi implements Disposable {
  readonly #socket: Socket;
  readonly #where: string;
  readonly #due: Due[] = [];
  #text = '';
  #searched = 0;
  #end: unknown;

  private constructor(socket: Socket, where: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#where = where;
    socket.setEncoding('utf8');
    socket.setTimeout(PATIENCE * 1_000, () => this.#fail(this.#gone(`said nothing for ${PATIENCE} s`)));
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(this.#gone(`cannot be asked (${error.code})`)),
    );
    socket.on('close', () => this.#fail(this.#gone('closed the connection before it had answered')));
    const stop = () => this.#fail(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
  }

  static async connect(place: RuntimePlace, signal: AbortSignal): Promise<RuntimeApi> {
    signal.throwIfAborted();
    const where = 'path' in place ? place.path : `${place.host}:${place.port}`;
    const api = new RuntimeApi(connect(place), where, signal);
    await api.ask('prompt');
    return api;
  }

  async ask(command: string): Promise<string> {
    const [answer = ''] = await this.askAll([command]);
    return answer;
  }

  /** Answers in the order of the commands. A command is one line, or one with a payload behind `<<`, as `withPayload` has it. */
  async askAll(commands: readonly string[]): Promise<string[]> {
    const answers: string[] = [];
    for (let begin = 0; begin < commands.length; begin = answers.length) {
      const some = commands.slice(begin, endOf(commands, begin));
      const awaited = some.map(() => this.#next());
      this.#socket.write(some.map((command) => `${command}\n`).join(''));
      answers.push(...(await Promise.all(awaited)));
    }
    return answers;
  }

  [Symbol.dispose](): void {
    this.#socket.destroySoon();
  }

  #next(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    if (this.#end === undefined) this.#due.push({ resolve, reject });
    else reject(this.#end);
    return promise;
  }

  #take(text: string): void {
    this.#text += text;
    let began = 0;
    for (;;) {
      const end = this.#text.indexOf(PROMPT, Math.max(began, this.#searched));
      if (end < 0) break;
      this.#due.shift()?.resolve(this.#text.slice(began, end));
      began = end + PROMPT.length;
    }
    this.#text = this.#text.slice(began);
    // A prompt may have come in part.
    this.#searched = Math.max(0, this.#text.length - PROMPT.length);
  }

  #gone(what: string): Fault {
    const next = 'check that HAProxy runs and that this user may use its stats socket: it is tried again';
    return new Fault('edge_unreachable', `the runtime API of HAProxy at ${this.#where} ${what}; ${next}`);
  }

  #fail(why: unknown): void {
    this.#end ??= why;
    this.#socket.destroy();
    for (const { reject } of this.#due.splice(0)) reject(this.#end);
  }
}

/** Where those commands end that go together with the one at `begin`. */
function endOf(commands: readonly string[], begin: number): number {
  let bytes = 0;
  for (let end = begin; end < commands.length; end++) {
    bytes += (commands[end]?.length ?? 0) + 1;
    if (bytes > BYTES_AT_A_TIME && end > begin) return end;
  }
  return commands.length;
}

/** A command with lines behind it, none of them empty: an empty one ends them. */
export const withPayload = (command: string, lines: string): string => `${command} <<\n${lines.trimEnd()}\n`;

/** What HAProxy said, as one line of at most 300 characters, without the prompts for each line of a payload. */
export function saidIn(answer: string): string {
  const said = answer
    .replace(/^(?:\+ )+/, '')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
  // An unknown command is shown as it came.
  return /PRIVATE KEY/.test(said) ? 'it did not understand a command' : said.slice(0, 300);
}
