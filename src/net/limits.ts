/** A limit on everything that a receiver, a name server or a burst could make grow. */

const SECOND = 1000;
const KIB = 1024;

/** Beyond this much of an answer's body nothing more is read, and the connection is given up. */
export const MAX_BODY_READ_BYTES = 64 * KIB;
export const MAX_BODY_STORED_BYTES = 16 * KIB;

/** Names and values of stored response headers, in sum. */
export const MAX_HEADERS_STORED_BYTES = 16 * KIB;

/** A larger head is a protocol error. Four times what is stored, so that big cookies do not fail a delivery. */
export const MAX_HEADERS_READ_BYTES = 64 * KIB;

/** Interim answers (1xx) before the final one, in sum. Any number is theirs; a flood would hold a lane for its whole deadline. */
export const MAX_INTERIM_BYTES = 64 * KIB;

/** More addresses than any real receiver publishes; a larger answer is meant to hide a forbidden one. */
export const MAX_ADDRESSES = 64;

/** Addresses tried in one attempt. The deadline is shared among them, so more would each get too little. */
export const MAX_ADDRESSES_TRIED = 4;

/** A positive DNS answer is used this long at most, whatever its TTL. */
export const DNS_CACHE_S = 30;
export const DNS_CACHE_NAMES = 10_000;

/** One look-up. Below the default deadline of an attempt, so that the failure is named "DNS". */
export const DNS_TIMEOUT_MS = 4 * SECOND;

/** Once one address family has answered, the other may take this much longer (RFC 8305, "resolution delay"). */
export const DNS_SECOND_FAMILY_MS = 300;

/** Just below the five seconds after which common servers (Node among them) close an idle connection. */
export const KEEP_ALIVE_MS = 4 * SECOND;

/** A server's own keep-alive hint is honoured up to this. */
export const KEEP_ALIVE_MAX_MS = 60 * SECOND;

/** A connection is not reused beyond this age, so that a change in DNS reaches busy endpoints too. */
export const CONNECTION_MAX_AGE_MS = 120 * SECOND;

/** Idle connections kept, per origin and in all: file descriptors are finite. */
export const MAX_IDLE_PER_ORIGIN = 1024;
export const MAX_IDLE = 2048;

/** Vetted URLs remembered, so that a busy endpoint's URL is parsed once. */
export const MAX_KNOWN_URLS = 10_000;
