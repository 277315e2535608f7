/** Codes of `messages`: what whoever asks should know of an answer that worked. docs/divergences.md tells of each. */
export const MESSAGE_CODES = {
  not_all_shown: 2001,
  not_all_retried: 2002,
  same_order: 2003,
  fields_ignored: 2004,
  branding_kept: 2005,
  shorter_later: 2006,
  limit_waited_for: 2007,
  caa_unknown: 2008,
  vanity_ignored: 2009,
  zone_paused: 2010,
  same_failover: 2011,
} as const;
