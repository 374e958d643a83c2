/** What a row of the products' list means: drawn or still collecting, fresh or stale, and where it comes from. Pure. */

/** So many samples make the smallest picture. */
export const samplesForImage = 21;

const sources = ["LIVE", "REPLAY", "SYNTHETIC"];

/**
 * The row as the page uses it, or null when it has no name. `age` is in seconds, of the moment the answer was made;
 * numbers that are missing are null, never 0: a page that guesses zeros shows a price that is none.
 */
export function readMarket(row) {
  if (typeof row?.product !== "string" || row.product === "") return null;
  return {
    product: row.product,
    venue: typeof row.venue === "string" ? row.venue : "",
    source: readSource(row.source),
    midpoint: row.midpoint ?? null,
    size: number(row.size) ?? 0,
    maxSize: number(row.max_size),
    samples: number(row.samples),
    age: number(row.age),
    redrawSeconds: number(row.redraw_interval),
    calculatedAt: row.calculated_at ?? null,
    version: String(row.version ?? row.calculated_at ?? ""),
  };
}

/** LIVE, REPLAY or SYNTHETIC; null when the server does not say. */
export function readSource(text) {
  const word = String(text ?? "").toUpperCase();
  return sources.find((source) => word.startsWith(source)) ?? null;
}

export function isDrawn(market) {
  return market.size > 0;
}

/** How far a product is from its first picture: samples there, samples needed. Null when that is not known. */
export function collecting(market) {
  if (isDrawn(market) || market.samples === null) return null;
  return { have: Math.min(market.samples, samplesForImage), need: samplesForImage };
}

/** Seconds after which a picture counts as stale: four redraws, and never less than 20 s, which one slow pass may take. */
export function staleAfter(market) {
  return Math.max(20, 4 * (market.redrawSeconds ?? 5));
}

/** The age now, `elapsed` seconds after the answer came. The server's clock alone counts, so a wrong clock here does not matter. */
export function ageNow(market, elapsed) {
  return market.age === null ? null : market.age + elapsed;
}

/** "fresh", "stale", or "waiting" while there is no picture. One from before anybody took the time is old. */
export function freshness(market, elapsed) {
  if (!isDrawn(market)) return "waiting";
  const age = ageNow(market, elapsed);
  return age === null || age > staleAfter(market) ? "stale" : "fresh";
}

function number(value) {
  const result = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof result === "number" && Number.isFinite(result) ? result : null;
}
