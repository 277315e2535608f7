/** A key by which the API knows a request again (`Idempotency-Key`). Browsers have `randomUUID` on secure pages alone. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
