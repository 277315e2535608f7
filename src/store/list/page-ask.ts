import type { ListFilter } from '../../pack/list-index.ts';

/** Which page of which packs of a zone. */
export interface PageAsk extends ListFilter {
  readonly zoneId: string;
  readonly page: number;
  readonly perPage: number;
}
