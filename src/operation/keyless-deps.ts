import type { KeyElsewhere } from '../pack/key-elsewhere.ts';
import type { UploadDeps } from './insert-upload.ts';

/** What keyless certificates are made and changed by. */
export interface KeylessDeps extends UploadDeps {
  /** Throws `keyless_not_offered` where the operator has not configured that a key is asked there. */
  readonly demandKeyPlace: (place: KeyElsewhere) => void;
}
