/** Whether the API answers, since when not, and when to ask again. Pure: every time is passed in, in milliseconds. */

export const start = { phase: "starting", since: null, failures: 0, reason: "", retryAt: null };

export const longestWait = 15_000;

/** After an answer: nothing is remembered of earlier failures. */
export function answered() {
  return { ...start, phase: "up" };
}

/** After a failure at `now`: away since the first one in a row. */
export function failed(connection, reason, wait, now) {
  return {
    phase: "away",
    since: connection.phase === "away" ? connection.since : now,
    failures: connection.failures + 1,
    reason,
    retryAt: now + wait,
  };
}

/**
 * Milliseconds until the next attempt after so many failures in a row: 1 s, 2 s, 4 s … 15 s, a fifth of it at random so
 * that many pages do not come back in step. A server that said when it wants to be asked again is obeyed up to a minute.
 */
export function backoff(failures, retryAfterSeconds, random) {
  const doubled = Math.min(1000 * 2 ** Math.max(0, failures - 1), longestWait);
  const spread = doubled * (0.8 + 0.2 * random);
  const asked = retryAfterSeconds === null ? 0 : Math.min(retryAfterSeconds * 1000, 60_000);
  return Math.max(spread, asked);
}
