/** What sealed private keys are bound to, so that a row cannot be moved to another owner (`kit/seal.ts`). */

/** Of the key of one certificate of a pack. */
export const keyPurpose = (packId: string, algorithm: string): string => `key of pack ${packId} ${algorithm}`;

/** Of the key of our account at a CA. */
export const accountPurpose = (ca: string, directoryUrl: string): string =>
  `account key of ${ca} at ${directoryUrl}`;

/** Of the key of a request that a customer takes to a CA of his. */
export const csrPurpose = (accountId: string, id: string): string => `key of request ${accountId} ${id}`;

/** Of what a webhook of alerts wants to be shown, and of what is signed for it. */
export const webhookSecretPurpose = (accountId: string, id: string): string =>
  `secret of webhook ${accountId} ${id}`;
export const webhookSigningPurpose = (accountId: string, id: string): string =>
  `signing key of webhook ${accountId} ${id}`;

/** Of the integration key of a service of PagerDuty. */
export const pagerdutyPurpose = (accountId: string, id: string): string =>
  `key of pagerduty ${accountId} ${id}`;

/** Of the key of the CA by which agents and the service know each other. */
export const agentCaPurpose = (name: string, fingerprint: string): string =>
  `key of the CA ${name} ${fingerprint}`;
