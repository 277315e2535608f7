/** `certpacks packs events`: what happened to a pack, or what happens to all packs of an account, by the API. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { type ApiPlace, call, callLines, EXIT, end } from './client.ts';
import { asClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { ownAccount } from './own-account.ts';
import { printJson, printLine, tellLine } from './print.ts';
import { show } from './table.ts';
import { takesZoneNames } from './zone-name.ts';

interface EventsOptions extends ClientOptions {
  readonly zone?: string;
  readonly account?: string;
  readonly follow?: boolean;
  readonly most: string;
}

/** Adds the command. */
export const addPackEvents = (packs: Command): Command =>
  takesZoneNames(
    asClient(
      packs
        .command('events')
        .description('what happened to a pack, the latest first; --follow: what happens to all, as it does')
        .argument('[pack]'),
    ),
  )
    .option('--zone <zone>', 'name or id of the pack’s zone')
    .option('--most <n>', 'how many events of a pack are shown', '100')
    .option('--follow', 'in place of a pack: events of all packs of an account, until Ctrl-C')
    .option('--account <id>', 'whose events are followed; the token’s own account unless given')
    .action(events);

const Event = Type.Object({
  time: Type.String(),
  certificate_pack_id: Type.String(),
  cause: Type.String(),
  from_status: Type.Optional(Type.String()),
  to_status: Type.Optional(Type.String()),
  owner: Type.String(),
  token: Type.Optional(Type.Object({ id: Type.String(), name: Type.Optional(Type.String()) })),
});
const Events = Compile(Type.Array(Event));
const End = Compile(Type.Object({ reason: Type.String(), message: Type.String() }));
const event = Compile(Event);

/** Throws `configuration` where it is not said of what. */
async function events(pack: string | undefined, options: EventsOptions): Promise<void> {
  if (options.follow) {
    if (pack !== undefined || options.zone !== undefined)
      throw new Fault('configuration', '--follow is of all packs of an account: name no pack and no zone');
    return follow(options, options.account ?? (await ownAccount(options)));
  }
  if (pack === undefined || options.zone === undefined)
    throw new Fault('configuration', 'name a pack and, by --zone, its zone; or --follow all of an account');
  const most = /^\d{1,7}$/.test(options.most) ? Number(options.most) : 0;
  if (most < 1) throw new Fault('configuration', '--most is a number from 1 on');
  const shown = await latest(options, `${packsOf(options.zone)}/${part(pack)}/events`, most);
  show(options.json ? shown : shown.map(toRow), FIELDS, options);
}

const FIELDS = ['time', 'cause', 'from', 'to', 'by'];

type Event = Type.Static<typeof Event>;

const toRow = ({ time, cause, from_status: from, to_status: to, owner, token }: Event) => ({
  time,
  cause,
  from,
  to,
  by: token ? `${owner}: ${token.name ?? token.id}` : owner,
});

/** Up to `most` events, page by page. */
async function latest(place: ApiPlace, path: string, most: number): Promise<Event[]> {
  const found: Event[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined && found.length < most; ) {
    const from: string = cursor && `&cursor=${part(cursor)}`;
    const page = await call(place, 'GET', `${path}?per_page=50${from}`);
    if (!Events.Check(page.result)) throw new Fault('configuration', NO_EVENTS);
    found.push(...page.result);
    ({ cursor } = page);
  }
  return found.slice(0, most);
}

const NO_EVENTS = 'this API has no events of certificate packs';

/** How long is waited where nobody answers, in milliseconds. */
const PAUSE_MS = 3_000;

/** Prints events as they happen, each once: a stream that breaks off is gone on with behind the last one. */
async function follow(options: EventsOptions, account: string): Promise<void> {
  const path = `/accounts/${part(account)}/ssl/certificate_packs/events`;
  let last = '';
  for (let isTold = false; ; await delay(PAUSE_MS)) {
    const now = await readOn(options, path, last);
    if (now === '')
      end(EXIT.unreachable, `${options.api} cannot be reached; --api is the base URL of the API`);
    if (now !== last) isTold = false;
    last = now;
    if (!isTold) tellLine('certpacks: the stream broke off; it is gone on with, and nothing is left out');
    isTold = true;
  }
}

/** Prints what comes behind an id, until the stream breaks off. The last id. */
async function readOn(
  { json = false, ...place }: EventsOptions,
  path: string,
  after: string,
): Promise<string> {
  let last = after;
  try {
    for await (const message of messagesOf(place, path, last)) {
      if (last === '') tellLine('events from now on; Ctrl-C ends this');
      take(message, json);
      last = message.id ?? last;
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
  }
  return last;
}

/** Ends the process where the service ends the stream for good. */
function take({ name, data }: Message, json: boolean): void {
  if (data === '') return;
  const value: unknown = JSON.parse(data);
  if (name === 'end' && End.Check(value)) {
    if (value.reason !== 'stopping') end(EXIT.refused, value.message);
  } else if (json) printJson(value);
  else if (event.Check(value)) {
    const { time, cause, from, to, by } = toRow(value);
    const move = from === to ? '' : ` ${from ?? ''} → ${to ?? ''}`;
    printLine(`${time} ${value.certificate_pack_id} ${cause}${move}, by ${by}`);
  }
}

/** A message of a stream of server-sent events (HTML, 9.2.6). */
interface Message {
  readonly name: string;
  readonly data: string;
  /** To come back with. */
  readonly id: string | undefined;
}

async function* messagesOf(place: ApiPlace, path: string, after: string): AsyncGenerator<Message> {
  const headers = after === '' ? {} : { 'last-event-id': after };
  let fields = new Map<string, string>();
  for await (const line of callLines(place, path, { type: 'event-stream', headers })) {
    const [, name = '', value = ''] = /^([a-z]+): ?(.*?)\r?$/.exec(line) ?? [];
    if (name !== '') fields.set(name, value);
    if (line.trim() !== '') continue;
    yield { name: fields.get('event') ?? '', data: fields.get('data') ?? '', id: fields.get('id') };
    fields = new Map();
  }
}
