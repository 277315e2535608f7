/** Writes the packs of a list into a file, page by page, as far as a browser can hold it. */
import { useRef, useState } from 'preact/hooks';
import { toRefusal } from '../api/answer.ts';
import { ask, withQuery } from '../api/client.ts';
import type { ListedPack } from '../api/wire.ts';
import { say } from '../part/announce.tsx';
import { Dialog, useDialog } from '../part/dialog.tsx';
import { save } from '../part/save.ts';
import { Failed } from '../part/state.tsx';
import { accountId } from '../session.ts';
import { count } from '../words.ts';
import { type Format, toText } from './packs-export-text.ts';
import { type PackFilter, toParameters } from './packs-filter.ts';

/** A file of more is the command line's: it is written as it comes. */
const MOST = 100_000;
const PER_PAGE = '1000';

interface Progress {
  readonly packs: number;
  readonly isOver: boolean;
  readonly isCut?: boolean;
  readonly refusal?: ReturnType<typeof toRefusal>;
}

interface Exporting {
  /** Undefined: not begun. */
  readonly progress: Progress | undefined;
  readonly begin: (format: Format) => void;
  readonly stop: () => void;
  readonly forget: () => void;
}

function useExport(filter: PackFilter): Exporting {
  const [progress, setProgress] = useState<Progress>();
  const stopped = useRef<AbortController>(undefined);
  const run = async (format: Format) => {
    const { signal } = (stopped.current = new AbortController());
    const parts: string[] = [];
    const take = (text: string, packs: number) => {
      parts.push(text);
      setProgress({ packs, isOver: false });
    };
    try {
      const isCut = await gather(filter, format, { signal, take });
      save(new Blob(parts, { type: TYPES[format] }), `certificate-packs.${format}`);
      setProgress((last) => ({ packs: last?.packs ?? 0, isOver: true, isCut }));
      say('The file is written.');
    } catch (error) {
      setProgress(signal.aborted ? undefined : { packs: 0, isOver: true, refusal: toRefusal(error) });
    }
  };
  return {
    progress,
    begin: (format) => void run(format),
    stop: () => stopped.current?.abort(),
    forget: () => setProgress(undefined),
  };
}

export function Export({ filter }: { readonly filter: PackFilter }) {
  const dialog = useDialog();
  const { progress, begin, stop, forget } = useExport(filter);
  const isUnderWay = progress !== undefined && !progress.isOver;
  const open = () => {
    forget();
    dialog.open();
  };
  return (
    <>
      <button type="button" onClick={open}>
        Export
      </button>
      <Dialog of={dialog} title="Export these packs" onClose={stop}>
        <p>
          All packs that fit the filters, {MOST.toLocaleString('en')} at most. The command{' '}
          <code>certpacks packs export</code> writes any number.
        </p>
        {progress?.refusal && <Failed refusal={progress.refusal} />}
        {progress && !progress.refusal && <p role="status">{saidOf(progress)}</p>}
        <div class="buttons">
          {!isUnderWay &&
            FORMATS.map(([format, name]) => (
              <button key={format} type="button" class="primary" onClick={() => begin(format)}>
                {name}
              </button>
            ))}
          <button type="button" onClick={dialog.close}>
            {isUnderWay ? 'Cancel' : 'Close'}
          </button>
        </div>
      </Dialog>
    </>
  );
}

const FORMATS = [
  ['csv', 'As CSV'],
  ['jsonl', 'As lines of JSON'],
] as const;

const saidOf = ({ packs, isOver, isCut }: Progress): string => {
  if (!isOver) return `${count(packs, 'pack')} so far …`;
  return `${count(packs, 'pack')} written.${isCut ? ' There are more: narrow the filters, or use the command line.' : ''}`;
};

interface Gathering {
  readonly signal: AbortSignal;
  readonly take: (text: string, packs: number) => void;
}

/** Walks the list; whether there was more than is taken. */
async function gather(filter: PackFilter, format: Format, { signal, take }: Gathering): Promise<boolean> {
  const base = { ...toParameters(filter), per_page: PER_PAGE };
  let packs = 0;
  for (let cursor: string | undefined; ; ) {
    const path = withQuery(`/accounts/${accountId()}/ssl/certificate_packs`, { ...base, cursor });
    const { result, info } = await ask<readonly ListedPack[]>('GET', path, { signal });
    const isFirst = packs === 0 && cursor === undefined;
    packs += result.length;
    take(toText(result, format, isFirst), packs);
    cursor = info?.cursors?.after ?? info?.cursor;
    if (cursor === undefined) return false;
    if (packs >= MOST) return true;
  }
}

const TYPES: Readonly<Record<Format, string>> = { csv: 'text/csv', jsonl: 'application/x-ndjson' };
