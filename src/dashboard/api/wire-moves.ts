/** What the API answers of what moves in, as far as it is shown. */
import type { MoveInStatus } from '../../pack/move-in.ts';

export interface Move {
  readonly id: string;
  readonly zone_id: string;
  readonly hosts: readonly string[];
  readonly status: MoveInStatus;
  readonly why?: string;
  readonly imported_pack_id?: string;
  readonly imported_expires_on?: string;
  readonly managed_pack_id?: string;
  readonly planned_for: string;
  readonly created_on: string;
  readonly finished_on?: string;
}

/** How many there are by status, and how many something stands in the way of, or come too late. */
export interface MoveSummary extends Readonly<Record<MoveInStatus, number>> {
  readonly stuck: number;
  readonly late: number;
  readonly orders_per_hour: number;
}
