import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Clock } from '../../kit/clock.ts';
import { FAULTS, Fault } from '../../kit/fault.ts';
import { zonesWith } from '../../pack/permission.ts';
import { ListCallers } from '../../store/authentication.ts';
import { type EventPosition, latestPosition } from '../../store/pack-events.ts';
import type { Token } from '../../store/token-row.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, passIn } from '../http/auth.ts';
import { placeAt, toCursor } from '../http/cursor.ts';
import { bareOf } from '../http/envelope.ts';
import { findSession } from '../http/sessions.ts';
import { seesTokens, toEventReply } from '../resource/pack-event-json.ts';
import { EventFeed, type Start } from './feed.ts';
import { OpenStreams } from './open-streams.ts';
import { EventStream, type StreamTimes, USUAL_TIMES } from './stream.ts';

const PERMISSION = 'SSL and Certificates Read';

const SCHEMA = {
  operationId: 'stream-account-certificate-pack-events',
  summary:
    'Events of the packs of an account as they happen, as server-sent events; gone on with by the header Last-Event-ID',
  response: bareOf('text/event-stream', Type.String()),
};

/**
 * Route of GET /accounts/{account_id}/ssl/certificate_packs/events: each event once, also across reconnections. A token that is
 * limited to zones is told of these.
 */
export const eventStreamRoute =
  (deps: ApiDeps, times: StreamTimes = USUAL_TIMES): FastifyPluginAsync =>
  async (app) => {
    const feed = new EventFeed(deps);
    const streams = new OpenStreams();
    const callers = new ListCallers(deps.reader, deps.clock);
    app.addHook('preClose', async () => {
      feed.close();
      streams.end();
    });
    app.get<{ Params: { account_id: string } }>(
      '/accounts/:account_id/ssl/certificate_packs/events',
      // What would answer HEAD would not end.
      { exposeHeadRoute: false, schema: SCHEMA },
      async (request, reply) => {
        const accountId = request.params.account_id;
        const admit = () => admitTo(callers, request, accountId);
        await open({ deps, feed, streams, times }, { request, reply, admit, accountId });
        return reply;
      },
    );
  };

interface Around {
  readonly deps: ApiDeps;
  readonly feed: EventFeed;
  readonly streams: OpenStreams;
  readonly times: StreamTimes;
}

interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly accountId: string;
  /** The caller's token. Throws where it may see no event of the account. */
  readonly admit: () => Promise<Token>;
}

async function admitTo(callers: ListCallers, request: FastifyRequest, accountId: string): Promise<Token> {
  const { token } = await passIn(callers, request, '');
  checkAccount(token, request, accountId, PERMISSION);
  if (zonesWith(token.policies, PERMISSION).length === 0)
    throw new Fault('missing_permission', `this token has no '${PERMISSION}'`);
  return token;
}

async function open(around: Around, { request, reply, accountId, admit }: Asked): Promise<void> {
  const { deps, feed, streams, times } = around;
  let token = await admit();
  const place = streams.take(token);
  try {
    const newest = await latestPosition(deps.pool, accountId);
    const ids = idsOf(deps, accountId, newest.history);
    const position = positionOf(request, deps, { ids, newest });
    reply.hijack();
    const { raw } = reply;
    const stream = new EventStream(
      raw,
      {
        accountId,
        position,
        idOf: ids.write,
        toReply: (event) =>
          isShown(token, event.zoneId) ? toEventReply(event, seesTokens(token)) : undefined,
      },
      times,
    );
    place.stream = stream;
    const leave = feed.add(stream, position, newest);
    const look = async () => {
      try {
        await findSession(deps, request);
        token = await admit();
      } catch (error) {
        if (isRefusal(error)) stream.end('no_access');
      }
    };
    const recheck = setInterval(() => void look(), times.recheck * 1_000);
    raw.once('close', () => {
      clearInterval(recheck);
      leave();
      streams.free(place);
    });
    // It may have gone before anybody listened.
    if (raw.destroyed) raw.emit('close');
  } catch (error) {
    streams.free(place);
    throw error;
  }
}

function isShown({ policies }: Token, zoneId: string): boolean {
  const zones = zonesWith(policies, PERMISSION);
  return zones === 'all' || zones.includes(zoneId);
}

/** Whether a token may not go on; that the database cannot be asked says nothing. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Fault && [401, 403].includes(FAULTS[error.fault].status);

/** Ids of messages: positions that nobody but us can write. */
interface Ids {
  readonly write: (position: EventPosition) => string;
  readonly read: (text: string) => ReadId | undefined;
}

interface ReadId extends Start {
  readonly givenOn: Date;
}

function idsOf(
  { installation, clock }: { readonly installation: string; readonly clock: Clock },
  accountId: string,
  history: string,
): Ids {
  const walk = { secret: installation, of: `events of account ${accountId}` };
  return {
    write: ({ xact, zoneId, seq }) =>
      toCursor(walk, { at: [history, clock.now().getTime(), xact, zoneId].join(' '), seq }),
    read: (text) => {
      const place = placeAt(text, walk);
      const [of = '', ms, xact = '', zoneId = ''] = place?.at.split(' ') ?? [];
      return (
        place && { history: of, givenOn: new Date(Number(ms)), position: { xact, zoneId, seq: place.seq } }
      );
    },
  };
}

/** Where a stream begins: behind the last event of now, or that the client has. Throws `malformed_request`, `position_gone`. */
function positionOf(
  { headers }: FastifyRequest,
  { clock, auditLife }: ApiDeps,
  { ids, newest }: { readonly ids: Ids; readonly newest: Start },
): EventPosition {
  const text = headers['last-event-id'];
  if (text === undefined || text === '') return newest.position;
  const read = typeof text === 'string' ? ids.read(text) : undefined;
  if (!read)
    throw new Fault(
      'malformed_request',
      'the Last-Event-ID header is not an id of this stream; leave it out to begin anew',
      {
        pointer: '/Last-Event-ID',
      },
    );
  const age = (clock.now().getTime() - read.givenOn.getTime()) / 1_000;
  if (read.history === newest.history && (auditLife === 0 || age < auditLife)) return read.position;
  throw new Fault(
    'position_gone',
    'events since then are not all there any more; list the packs anew, and begin without Last-Event-ID',
  );
}
