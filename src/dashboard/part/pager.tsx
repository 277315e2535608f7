import type { Info } from '../api/wire.ts';
import { href, type Query } from '../route.ts';
import { count } from '../words.ts';

interface PagesProps {
  readonly info: Info | undefined;
  readonly parts: readonly string[];
  readonly query: Query;
  /** What there are pages of, in the singular. */
  readonly what: string;
  /** The same of many, where that is not with an s. */
  readonly many?: string;
}

/** Leads to the pages around this one, where pages have numbers. */
export function Pages({ info, parts, query, what }: PagesProps) {
  if (!info || info.total_count === 0) return null;
  const { page = 1, total_pages: last = 1, total_count: total = info.count } = info;
  if (last <= 1) return <p class="pager">{count(total, what)}</p>;
  const to = (number: number) => href(parts, { ...query, page: number > 1 ? String(number) : undefined });
  return (
    <nav class="pager" aria-label="Pages">
      {page > 1 ? <a href={to(page - 1)}>Previous</a> : <span class="quiet">Previous</span>}
      <span>
        Page {page.toLocaleString('en')} of {Math.max(1, last).toLocaleString('en')}, {count(total, what)}
      </span>
      {page < last ? <a href={to(page + 1)}>Next</a> : <span class="quiet">Next</span>}
    </nav>
  );
}

/** Leads on and back, where a list is walked by cursor. */
export function Walk({ info, parts, query, what, many = `${what}s` }: PagesProps) {
  if (!info) return null;
  const { before, after = info.cursor } = info.cursors ?? {};
  const isFirst = !query['cursor'];
  if (isFirst && info.count === 0 && after === undefined) return null;
  const to = (cursor: string | undefined) => cursor && href(parts, { ...query, cursor });
  return (
    <nav class="pager" aria-label="Pages">
      <Step name="First" at={isFirst ? undefined : href(parts, { ...query, cursor: undefined })} />
      <Step name="Previous" at={to(before)} />
      <span>{wordsFor(info.count, what, many)} on this page</span>
      <Step name="Next" at={to(after)} />
    </nav>
  );
}

const wordsFor = (n: number, one: string, many: string): string =>
  n === 1 ? count(1, one) : `${n.toLocaleString('en')} ${many}`;

/** A link where it leads somewhere. */
const Step = ({ name, at }: { readonly name: string; readonly at: string | undefined }) =>
  at ? <a href={at}>{name}</a> : <span class="quiet">{name}</span>;
