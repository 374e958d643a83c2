import { ago, clock, duration } from "./format.js";
import { ageNow, freshness, isDrawn } from "./market.js";
import { setText } from "./text.js";

/** The bar that is always in view (source and freshness) and the notice below it while the API is away. */
export class Status {
  #source;
  #fresh;
  #notice;

  constructor({ source, fresh, notice }) {
    this.#source = source;
    this.#fresh = fresh;
    this.#notice = notice;
  }

  /** Of one market on the stage. */
  market(market, elapsed) {
    this.#badge([market.source]);
    const state = freshness(market, elapsed);
    const text = isDrawn(market) ? `drawn ${ago(ageNow(market, elapsed))}` : "collecting";
    this.#freshness(state, state === "stale" ? `stale, ${text}` : text);
  }

  /** Of the wall of all markets: the worst of them counts. */
  all(markets, elapsed) {
    this.#badge(markets.map((market) => market.source));
    const states = markets.map((market) => freshness(market, elapsed));
    const stale = states.filter((state) => state === "stale").length;
    const fresh = states.filter((state) => state === "fresh").length;
    if (stale > 0) this.#freshness("stale", `${stale} of ${markets.length} stale`);
    else this.#freshness(fresh ? "fresh" : "waiting", `${fresh} of ${markets.length} fresh`);
  }

  /** Nothing to tell of a market: starting, none there. */
  none(text) {
    this.#badge([]);
    this.#freshness("waiting", text);
  }

  connection({ phase, since, reason, retryAt }, now) {
    const away = phase === "away";
    this.#notice.hidden = !away;
    if (!away) return;
    setText(this.#notice.querySelector("strong"), `API away since ${clock(since)}`);
    const wait = Math.max(0, Math.ceil((retryAt - now) / 1000));
    const next = wait > 0 ? `next try in ${duration(wait)}` : "trying";
    setText(this.#notice.querySelector("span"), `${reason}; ${next}.`);
  }

  #badge(sources) {
    const known = [...new Set(sources.filter(Boolean))];
    this.#source.hidden = known.length === 0;
    setText(this.#source, known.join(" + "));
    this.#source.dataset.source = known.length === 1 ? known[0] : "MIXED";
  }

  #freshness(state, text) {
    this.#fresh.dataset.state = state;
    setText(this.#fresh.querySelector("span"), text);
  }
}
