const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^(?:${LABEL}\\.)+(?!\\d+$)${LABEL}$`);

/**
 * Whether `text` is a lower-case host name of two or more labels, in A-labels and without a final dot
 * (RFC 5890 2.3.2.3, RFC 6066 3). No address, wildcard or path is one.
 */
export const isHostName = (text: string): boolean => text.length <= 253 && HOST_NAME.test(text);
