import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import { Semaphore } from '../../kit/semaphore.ts';
import { between, hours, minutes, type Seconds } from '../../kit/time.ts';
import type { ServedFile } from '../edge.ts';
import { Bell } from './bell.ts';
import { ChangeListener, type ListenerDeps } from './change-listener.ts';
import { ServiceConnection } from './connection.ts';
import {
  checkCertificate,
  csrOf,
  dropNext,
  type Identity,
  keepNext,
  newCertificateKey,
  readNext,
  takeNext,
} from './identity.ts';
import { PATHS, SHAPES } from './protocol.ts';
import type { Reports, Standing } from './reports.ts';

export interface LinkDeps extends ListenerDeps {
  /** Folder of the identity. */
  readonly dir: string;
  readonly identity: Identity;
  readonly reports: Reports;
  readonly standing: () => Standing;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** As of a connection. */
  readonly silence?: Seconds;
}

const FILE = Compile(Type.Object({ body: Type.String({ maxLength: 65_536 }) }));
const TAKEN = Compile(Type.Object({}));

const PAUSE: { readonly first: Seconds; readonly most: Seconds } = { first: 0.2, most: 30 };
/** Files that are asked for at once, fewer than the service answers; the others wait, so long at most: CAs ask for many together. */
const [FILES_AT_ONCE, FILE_MS] = [4, 10_000];
/** What is new is gathered for so long before it is told. */
const GATHER: Seconds = 0.05;

/** Holds a connection to the service, for as long as the agent runs: hears, reports, and has the certificate renewed. */
export class ServiceLink {
  readonly #deps: LinkDeps;
  readonly #lost = new Set<string>();
  readonly #bell = new Bell();
  readonly #files = new Semaphore(FILES_AT_ONCE);
  #identity: Identity;
  #connection: ServiceConnection | undefined;
  #failures = 0;
  #problem: string | undefined;
  #diskProblem: string | undefined;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#identity = deps.identity;
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true;
  }

  /** Why the service is not heard now; undefined: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Why what the service tells cannot be kept; undefined: it can. */
  get diskProblem(): string | undefined {
    return this.#diskProblem;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** There is something to report. */
  readonly wake = (): void => this.#bell.ring();

  /** Asks for a pack whose file was lost, as soon as the service is there. */
  lost(packId: string): void {
    this.#lost.add(packId);
    this.#bell.ring();
  }

  /** The file that shows control of a name; undefined also where the service cannot be asked. Never rejects. */
  async file(name: string, path: string): Promise<ServedFile | undefined> {
    const query = new URLSearchParams({ name, path }).toString();
    const ask = async () => this.#connection?.get(`${PATHS.files}?${query}`, FILE);
    return this.#files.run(ask, AbortSignal.timeout(FILE_MS)).catch(() => undefined);
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.#once(signal);
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof Fault ? error.message : 'something nobody foresaw';
        if (!(error instanceof Fault)) log.error({ err: error }, 'agent: the connection failed');
        if (problem !== this.#problem)
          log.warn({ problem }, 'agent: the service is not heard; what is there goes on');
        this.#problem = problem;
        if (error instanceof Fault && error.fault === 'configuration') this.#diskProblem = problem;
      }
      const pause = Math.min(PAUSE.most, PAUSE.first * 2 ** Math.min(this.#failures++, 10));
      await clock.sleep(pause * (0.5 + Math.random() / 2), signal).catch(() => undefined);
    }
  }

  /** One connection, as long as it lasts. */
  async #once(signal: AbortSignal): Promise<void> {
    const connection = await this.#connect(signal);
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    both.addEventListener('abort', this.#bell.ring, { once: true });
    this.#connection = connection;
    const listener = new ChangeListener(this.#deps, connection);
    const works = [
      listener.listen(both, () => this.#live()),
      this.#report(connection, both),
      this.#mend(listener, both),
      this.#renew(connection, both),
    ];
    try {
      await Promise.race(works);
    } finally {
      over.abort();
      connection.close();
      await Promise.allSettled(works);
    }
  }

  #live(): void {
    if (this.#problem !== undefined || this.#failures > 0) this.#deps.log.info('agent: the service is heard');
    this.#failures = 0;
    this.#problem = undefined;
    this.#diskProblem = undefined;
  }

  /** With a certificate that came anew where there is one; the one before stays until that has worked. */
  async #connect(signal: AbortSignal): Promise<ServiceConnection> {
    const { dir, log } = this.#deps;
    const next = await readNext(dir);
    if (!next) return this.#tried(this.#identity, signal);
    try {
      const connection = await this.#tried(next, signal);
      await takeNext(dir, next);
      this.#identity = next;
      log.info({ renewOn: next.enrolled.renewOn }, 'agent: has a new certificate');
      return connection;
    } catch (cause) {
      const connection = await this.#tried(this.#identity, signal);
      await dropNext(dir);
      log.warn(
        { err: cause },
        'agent: the new certificate did not work, the one before does; another is asked for',
      );
      return connection;
    }
  }

  /** A connection on which the service has answered: only then is it sure that it takes the certificate. */
  async #tried(identity: Identity, signal: AbortSignal): Promise<ServiceConnection> {
    const { reports, standing, silence } = this.#deps;
    const { address, certificateKey: key, enrolled } = identity;
    const shown = { certificate: enrolled.certificate, key };
    const options = { address, ca: enrolled.ca, shown, ...(silence !== undefined && { silence }) };
    const connection = await ServiceConnection.open(options, signal);
    try {
      const first = { ...standing(), proofs: [], released: [] };
      await connection.ask(PATHS.reports, first, TAKEN);
      reports.acknowledge(first);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #report(connection: ServiceConnection, signal: AbortSignal): Promise<void> {
    const { reports, standing, state, clock } = this.#deps;
    while (!signal.aborted) {
      const report = reports.next(standing());
      if (report) {
        await connection.ask(PATHS.reports, report, TAKEN);
        reports.acknowledge(report);
        await state.release(report.released);
      } else await this.#bell.next;
      await clock.sleep(GATHER, signal).catch(() => undefined);
    }
  }

  async #mend(listener: ChangeListener, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const packIds = [...this.#lost];
      if (packIds.length > 0) {
        await listener.mend(packIds);
        for (const packId of packIds) this.#lost.delete(packId);
      } else await this.#bell.next;
    }
  }

  /** Has the certificate renewed when it is time, and connects anew with it. */
  async #renew(connection: ServiceConnection, signal: AbortSignal): Promise<void> {
    const { clock, dir, version, log } = this.#deps;
    for (let failures = 0; ; ) {
      const { enrolled, ...rest } = this.#identity;
      const left = between(clock.now(), new Date(enrolled.renewOn));
      const pause =
        failures > 0 ? Math.min(hours(1), minutes(2 ** failures)) : Math.min(Math.max(left, 0), hours(1));
      await clock.sleep(pause, signal);
      if (left > pause) continue;
      try {
        const certificateKey = await newCertificateKey();
        const body = { csr: await csrOf(certificateKey), version };
        const renewed = await connection.ask(PATHS.certificate, body, SHAPES.renewed);
        checkCertificate(renewed.certificate, certificateKey);
        await keepNext(dir, { ...rest, certificateKey, enrolled: { ...enrolled, ...renewed } });
        return;
      } catch (error) {
        if (!connection.isOpen) throw error;
        failures += 1;
        log.warn({ err: error }, 'agent: the certificate is not renewed; it is tried again');
      }
    }
  }
}
