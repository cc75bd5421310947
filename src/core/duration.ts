/** Durations in milliseconds, so that code reads `5 * SECOND`. Pure. */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
