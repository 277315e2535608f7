/** A client of the stream of events: what it was told, message by message. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** A message of a stream of server-sent events. */
export interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string | undefined;
}

/** An event of a pack, as far as it is looked at. */
export interface SeenEvent {
  readonly id: string;
  readonly zone_id: string;
  readonly certificate_pack_id: string;
  readonly cause: string;
  readonly owner: string;
  readonly from_status?: string;
  readonly to_status?: string;
}

/** What is asked for, by a token or by other headers. */
interface StreamAsk {
  readonly accountId: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly lastId?: string | undefined;
}

/** A stream that is open. */
export class EventClient {
  readonly status: number;
  readonly messages: Message[] = [];
  /** How it ended, once it did. */
  readonly ended: Promise<'whole' | 'broken'>;
  readonly #stop = new AbortController();

  private constructor(response: Response, stop: AbortController) {
    this.status = response.status;
    this.#stop = stop;
    this.ended = this.#read(response).then(
      () => 'whole' as const,
      () => 'broken' as const,
    );
  }

  /** Opens the stream of an account at the API of that base URL. Fails unless it begins. */
  static async open(
    url: string,
    { accountId, token, headers = { authorization: `Bearer ${token}` }, lastId }: StreamAsk,
  ): Promise<EventClient> {
    const stop = new AbortController();
    const response = await fetch(`${url}/accounts/${accountId}/ssl/certificate_packs/events`, {
      headers: { ...headers, ...(lastId !== undefined && { 'last-event-id': lastId }) },
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(120_000)]),
    });
    assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    return new EventClient(response, stop);
  }

  /** The id that a client would come back with. */
  get lastId(): string | undefined {
    return this.messages.findLast(({ id }) => id !== undefined)?.id;
  }

  get events(): SeenEvent[] {
    return this.messages.flatMap(({ event, data = '' }) =>
      event === 'certificate_pack' ? [JSON.parse(data)] : [],
    );
  }

  /** Waits until there are so many events, and a little longer for any that should not be there. */
  async until(count: number, within = 30_000): Promise<SeenEvent[]> {
    const end = Date.now() + within;
    while (this.events.length < count) {
      assert(Date.now() < end, `${this.events.length} of ${count} events came`);
      await delay(20);
    }
    return this.events;
  }

  /** Waits until something of a pack is told. */
  async untilTold(packId: string): Promise<void> {
    for (const end = Date.now() + 30_000; ; await delay(20)) {
      if (this.events.some((one) => one.certificate_pack_id === packId)) return;
      assert(Date.now() < end, 'what was done is not told');
    }
  }

  /** Goes away. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read({ body }: Response): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      this.messages.push(...blocks.map(toMessage));
    }
  }
}

function toMessage(block: string): Message {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  return { id: field('id'), event: field('event'), data: field('data') };
}
