import { Fault } from '../../kit/fault.ts';
import { type Certificate, type Entry, ownerOf } from './certificate-file.ts';
import { lineOf, toCrtList } from './crt-list.ts';
import { type RuntimeApi, saidIn, withPayload } from './runtime-api.ts';

/** Where things of ours are in a running HAProxy. */
export interface Own {
  readonly crtList: string;
  readonly folder: string;
}

/** A process of HAProxy. Another one after a start or a reload. */
export interface Running {
  readonly id: string;
  /** Bytes that a command with its payload has to stay below (`tune.bufsize`). */
  readonly bufferBytes: number;
}

/** Asks who answers. Throws `edge_refused` where this is not the runtime API of a HAProxy that may be told. */
export async function runningOf(api: RuntimeApi): Promise<Running> {
  const [info = '', pools = ''] = await api.askAll(['show info', 'show pools']);
  const of = (name: string) => new RegExp(`^${name}: (\\d+)$`, 'm').exec(info)?.[1];
  const pid = of('Pid');
  if (pid === undefined)
    throw new Fault('edge_refused', `no HAProxy answered at its socket, but: ${saidIn(info)}`);
  const buffer = / Pool buffer \((\d+) bytes\)/.exec(pools)?.[1];
  return { id: `${pid} ${of('Start_time_sec') ?? ''}`, bufferBytes: Number(buffer ?? 16_384) };
}

/** Entries of ours, in the order in which they are looked up. Throws `edge_refused` where HAProxy has no such crt-list. */
export async function entriesOf(api: RuntimeApi, own: Own): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const answer = await api.ask(`show ssl crt-list ${own.crtList}`);
  if (answer.startsWith(`# ${own.crtList}`)) return toCrtList(answer, own.folder).packs;
  const next = `have a bind line name ${own.crtList} with 'ssl' and 'crt-list', reload HAProxy, and give its stats socket 'level admin'`;
  throw new Fault('edge_refused', `HAProxy does not show its crt-list: ${saidIn(answer)}; ${next}`);
}

/** What HAProxy has of a file. */
export interface Loaded {
  /** Lower-case hexadecimal SHA-1 of the leaf; undefined: it has none. */
  readonly sha1: string | undefined;
  /** Subjects of what it sends behind the leaf, in one line each, as OpenSSL writes them. */
  readonly behind: readonly string[];
}

/** What it has of files. */
export async function loadedOf(
  api: RuntimeApi,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Loaded>> {
  const answers = await api.askAll(paths.map((path) => `show ssl cert ${path}`));
  return new Map(
    paths.map((path, i): [string, Loaded] => {
      const answer = answers[i] ?? '';
      const sha1 = /^SHA1 FingerPrint: ([0-9A-F]+)$/m.exec(answer)?.[1]?.toLowerCase();
      return [
        path,
        { sha1, behind: [...answer.matchAll(/^Chain Subject: (.*)$/gm)].map(([, name = '']) => name) },
      ];
    }),
  );
}

/** A certificate that is to be told. */
export interface Telling extends Certificate {
  /** Whether it is there under its names already, with another certificate. */
  readonly isListed: boolean;
}

/** The command that takes most bytes of those that tell a certificate. */
export const bytesToTell = (certificate: Certificate, own: Own): number =>
  Math.max(...commandsFor({ ...certificate, isListed: false }, own).map((command) => command.length + 1));

function commandsFor({ isListed, ...certificate }: Telling, { crtList }: Own): readonly string[] {
  const { path, pem } = certificate;
  return [
    `new ssl cert ${path}`,
    withPayload(`set ssl cert ${path}`, pem),
    `commit ssl cert ${path}`,
    // What was not committed would stand in the way of all that come after it.
    `abort ssl cert ${path}`,
    ...(isListed ? [] : [withPayload(`add ssl crt-list ${crtList}`, lineOf(certificate))]),
  ];
}

/** Adds certificates behind what is there. By path, what HAProxy said about those that it did not take. */
export async function tell(
  api: RuntimeApi,
  own: Own,
  tellings: readonly Telling[],
): Promise<ReadonlyMap<string, string>> {
  const commands = tellings.map((telling) => commandsFor(telling, own));
  const answers = await api.askAll(commands.flat());
  const refused = new Map<string, string>();
  for (const [i, { path }] of tellings.entries()) {
    const [, set = '', commit = '', , add = 'Success'] = answers.splice(0, commands[i]?.length);
    const isSet = /Transaction (?:created|updated) /.test(set);
    const bad = isSet ? [commit, add].find((answer) => !answer.includes('Success')) : set;
    if (bad !== undefined) refused.set(path, `HAProxy says: ${saidIn(bad)}`);
  }
  return refused;
}

/** Takes entries and certificates out. What HAProxy said where an entry stayed. */
export async function untell(
  api: RuntimeApi,
  own: Own,
  paths: readonly string[],
): Promise<readonly string[]> {
  const answers = await api.askAll(
    paths.flatMap((path) => [`del ssl crt-list ${own.crtList} ${path}`, `del ssl cert ${path}`]),
  );
  return answers
    .filter((answer, i) => i % 2 === 0 && !/ deleted in crtlist | can't be found in /.test(answer))
    .map(saidIn);
}

/** Ends a change that was begun with a file of ours and not ended. */
export async function abortOwn(api: RuntimeApi, own: Own): Promise<void> {
  const begun = /^# transaction\n\*(\S+)$/m.exec(await api.ask('show ssl cert'))?.[1];
  if (begun !== undefined && ownerOf(own.folder, begun)) await api.ask(`abort ssl cert ${begun}`);
}

/** Takes certificates of ours out for which there is no entry: they were begun and not ended. */
export async function dropUnused(api: RuntimeApi, own: Own, used: ReadonlySet<string>): Promise<void> {
  const paths = (await api.ask('show ssl cert')).split('\n');
  const unused = paths.filter((path) => ownerOf(own.folder, path) && !used.has(path));
  await api.askAll(unused.map((path) => `del ssl cert ${path}`));
}
