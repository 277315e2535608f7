import { X509Certificate } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { Fault } from '../../kit/fault.ts';
import type { RefusedPack } from '../driver.ts';
import { diskFault, replaceFile, syncFolder, UNFINISHED } from '../placed/durable-file.ts';
import { someAtATime } from '../placed/some-at-a-time.ts';
import { type Certificate, type Entry, ownerOf, sha1Of, subjectsBehind } from './certificate-file.ts';
import { type CrtList, readCrtList, writeCrtList } from './crt-list.ts';
import {
  abortOwn,
  bytesToTell,
  dropUnused,
  entriesOf,
  type Loaded,
  loadedOf,
  type Own,
  type Running,
  type Telling,
  tell,
  untell,
} from './running.ts';
import type { RuntimeApi } from './runtime-api.ts';

/** What is to be changed. */
export interface Change {
  readonly placed: readonly PlacedCertificates[];
  readonly withdrawn: readonly string[];
}

/** A pack with its certificates, one an algorithm. */
export interface PlacedCertificates {
  readonly packId: string;
  readonly certificates: readonly Certificate[];
}

/** A process of HAProxy that is being told. */
export interface Round {
  readonly own: Own;
  readonly api: RuntimeApi;
  readonly running: Running;
  /** Whether what an earlier one left half done is looked for. */
  readonly isTidying: boolean;
}

/**
 * Brings files, crt-list and process to where they are to be, from wherever they are; what was not taken. The order is what makes a
 * crash at any line harmless: files; what is new in the process, behind what is served; the crt-list, once the process has taken all
 * that is in it, so that HAProxy always starts; then what is old out of the process, and its files. So each name is served by the old
 * or the new one all the while, also where packs swap names. Throws `edge_refused`, `edge_unreachable`.
 */
export async function settle(round: Round, change: Change): Promise<readonly RefusedPack[]> {
  const { own, api } = round;
  const list = await readCrtList(own.crtList, own.folder);
  const held = await entriesOf(api, own);
  if (round.isTidying) await abortOwn(api, own);
  const refused = new Map(change.placed.flatMap((pack) => tooLargeOf(round, pack)));
  const placed = change.placed.filter(({ packId }) => !refused.has(packId));
  await writeFiles(own, placed, list);
  const tellings = await tellingsFor(round, { list, held, placed, withdrawn: change.withdrawn });
  const said = await tell(api, own, tellings);
  for (const pack of placed) {
    const why = pack.certificates.map(({ path }) => said.get(path)).find((words) => words !== undefined);
    if (why === undefined) list.packs.set(pack.packId, pack.certificates);
    else refused.set(pack.packId, why);
  }
  for (const packId of change.withdrawn) list.packs.delete(packId);
  await writeCrtList(own.crtList, list);
  await clear(round, list, [...pathsIn(held), ...tellings.map(({ path }) => path)]);
  return [...refused].map(([packId, why]) => ({ packId, why }));
}

function tooLargeOf(
  { own, running }: Round,
  { packId, certificates }: PlacedCertificates,
): [string, string][] {
  const bytes = Math.max(...certificates.map((one) => bytesToTell(one, own)));
  if (bytes < running.bufferBytes) return [];
  const next = `set tune.bufsize to ${2 ** Math.ceil(Math.log2(bytes + 1))} in its section 'global' and restart it`;
  return [
    [
      packId,
      `chain and key are ${bytes} bytes, and HAProxy takes fewer than ${running.bufferBytes}: ${next}`,
    ],
  ];
}

async function writeFiles(
  { folder }: Own,
  placed: readonly PlacedCertificates[],
  { packs }: CrtList,
): Promise<void> {
  const files = placed.flatMap(({ certificates }) => certificates);
  const kept = pathsIn(packs);
  try {
    await someAtATime(files, writeFile);
    await syncFolder(folder);
  } catch (error) {
    const left = files.filter(({ path }) => !kept.has(path)).map(({ path }) => path);
    await removeAll(left).catch(() => undefined);
    throw error;
  }
}

async function writeFile({ path, pem }: Certificate): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there !== pem) await replaceFile(path, pem, { mode: 0o600 });
}

/** What is known when it is found out what the process has to be told. */
interface Sight extends Change {
  readonly list: CrtList;
  readonly held: ReadonlyMap<string, readonly Entry[]>;
}

/** What the process lacks, or has otherwise than it is to: of what is placed, and of what it lost. */
async function tellingsFor({ own, api }: Round, sight: Sight): Promise<readonly Telling[]> {
  const entries = new Map([...sight.held.values()].flat().map(({ path, names }) => [path, names.join(' ')]));
  const wanted = sight.placed.flatMap(({ certificates }) => certificates);
  const there = wanted.filter(({ path }) => entries.has(path));
  const loaded = await loadedOf(
    api,
    there.map(({ path }) => path),
  );
  const renamed = there.filter(({ path, names }) => entries.get(path) !== names.join(' '));
  await untell(
    api,
    own,
    renamed.map(({ path }) => path),
  );
  for (const { path } of renamed) entries.delete(path);
  const missing = wanted.filter((one) => !entries.has(one.path) || !isLoaded(one, loaded.get(one.path)));
  const tellings = [...missing, ...(await lostOf(sight))];
  return tellings.map((certificate) => ({ ...certificate, isListed: entries.has(certificate.path) }));
}

/** Whether the process has leaf and chain of a file: somebody may have set it otherwise by hand. Told twice does no harm. */
const isLoaded = ({ sha1, pem }: Certificate, loaded: Loaded | undefined): boolean =>
  loaded?.sha1 === sha1 && loaded.behind.join() === subjectsBehind(pem).join();

/** What its crt-list has and the process has not, of packs that are not changed now. */
async function lostOf({ list, held, placed, withdrawn }: Sight): Promise<Certificate[]> {
  const running = pathsIn(held);
  const changed = new Set([...withdrawn, ...placed.map(({ packId }) => packId)]);
  const lost = [...list.packs].flatMap(([packId, entries]) =>
    changed.has(packId) ? [] : entries.filter(({ path }) => !running.has(path)),
  );
  return (await someAtATime(lost, readCertificate)).filter((found) => found !== undefined);
}

async function readCertificate(entry: Entry): Promise<Certificate | undefined> {
  try {
    const pem = await readFile(entry.path, 'utf8');
    return { ...entry, pem, sha1: sha1Of(new X509Certificate(pem)) };
  } catch {
    return undefined;
  }
}

/** Takes out of process and folder what is in the list no more. */
async function clear(
  { own, api, isTidying }: Round,
  { packs }: CrtList,
  there: readonly string[],
): Promise<void> {
  const wanted = pathsIn(packs);
  const old = new Set(there.filter((path) => !wanted.has(path)));
  const stuck = await untell(api, own, [...old]);
  if (isTidying) await dropUnused(api, own, wanted);
  await removeAll(isTidying ? await strayIn(own, wanted) : [...old]);
  if (stuck.length === 0) return;
  const next = "its bind line has to have 'strict-sni', and no other line may name files of ours";
  throw new Fault('edge_refused', `HAProxy keeps what it is to serve no more: ${stuck[0]}; ${next}`);
}

/** Files of ours that no entry names. */
async function strayIn({ folder }: Own, wanted: ReadonlySet<string>): Promise<string[]> {
  const paths = (await readdir(folder)).map((name) => `${folder}/${name}`);
  return paths.filter((path) => !wanted.has(path) && ownerOf(folder, path.replace(UNFINISHED, '')));
}

async function removeAll(paths: readonly string[]): Promise<void> {
  try {
    for (const path of paths) await rm(path, { force: true });
  } catch (error) {
    throw diskFault(error, paths[0] ?? '');
  }
}

const pathsIn = (packs: ReadonlyMap<string, readonly Entry[]>): Set<string> =>
  new Set([...packs.values()].flat().map(({ path }) => path));
