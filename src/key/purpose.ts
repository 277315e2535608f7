/** What sealed private keys are bound to, so that a row cannot be moved to another owner (`kit/seal.ts`). */

/** Of the key of one certificate of a pack. */
export const keyPurpose = (packId: string, algorithm: string): string => `key of pack ${packId} ${algorithm}`;

/** Of the key of our account at a CA. */
export const accountPurpose = (ca: string, directoryUrl: string): string =>
  `account key of ${ca} at ${directoryUrl}`;
