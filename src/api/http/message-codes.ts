/** Codes of `messages`: what whoever asks should know of an answer that worked. docs/divergences.md tells of each. */
export const MESSAGE_CODES = {
  not_all_shown: 2001,
  not_all_retried: 2002,
} as const;
