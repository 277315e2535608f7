import { days, hours, type Seconds } from '../../kit/time.ts';

/** What an order may be made with (draft-aaron-acme-profiles), and how long its certificate lasts unless it names an end. */
export const PROFILES: Readonly<Record<string, { readonly says: string; readonly validity: Seconds }>> = {
  classic: { says: 'certificates of 90 days', validity: days(90) },
  shortlived: { says: 'certificates of 160 hours', validity: hours(160) },
};

/** The profile of an order that names none. */
export const USUAL_PROFILE = 'classic';
