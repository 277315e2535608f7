import { Fault } from '../kit/fault.ts';

/** The fault of whoever asks for a custom hostname that the zone does not have. */
export const hostnameNotFound = (id: string): Fault =>
  new Fault('hostname_not_found', `custom hostname ${id} not found`);

/** Does what checks an order, with pointers to where a hostname's request has it. */
export function endable(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, error.message, { pointer: POINTERS[error.fault] ?? '/hostname' });
  }
}

/** As `endable`, for a change of how control is shown. */
export async function inWordsOfHostnames(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'method_not_offered') throw error;
    throw new Fault('ssl_method', error.message, { pointer: '/ssl/method' });
  }
}

const POINTERS: Readonly<Record<string, string>> = {
  validity_not_offered: '/ssl/certificate_authority',
  ca_not_configured: '/ssl/certificate_authority',
};
