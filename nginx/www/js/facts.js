import { imageAddress } from "./api.js";
import { ago, clock, plainDecimal, price, quoteCurrency } from "./format.js";
import { ageNow, isDrawn } from "./market.js";
import { setText } from "./text.js";

const downloads = {
  orderbook: "Order book", buy: "Buys", sell: "Sells", "midpoint-summation": "Midpoint sum", "midpoint-difference": "Midpoint difference",
};

const sourceWords = {
  LIVE: "live venue", REPLAY: "replayed recording", SYNTHETIC: "synthetic market",
};

/** The panel beside the picture: the market in figures, and each image as a file. */
export class Facts {
  #part;
  #linked = null;

  constructor(panel) {
    this.#part = (name) => panel.querySelector(`#${name}`);
  }

  update(market, elapsed) {
    setText(this.#part("facts-name"), market.product);
    setText(this.#part("facts-price"), price(market.midpoint));
    this.#part("facts-price").value = plainDecimal(market.midpoint) ?? "";
    this.#part("facts-price").title = plainDecimal(market.midpoint) ?? "";
    setText(this.#part("facts-quote"), quoteCurrency(market.product));
    setText(this.#part("facts-drawn"), drawnText(market, elapsed));
    setText(this.#part("facts-samples"), samplesText(market));
    setText(this.#part("facts-venue"), market.venue || "coinbase-local");
    setText(this.#part("facts-source"), sourceWords[market.source] ?? "not said");
    this.#link(market);
  }

  #link(market) {
    const raw = this.#part("raw");
    raw.hidden = !isDrawn(market);
    if (this.#linked === market.product) return;
    this.#linked = market.product;
    const links = Object.entries(downloads).map(([kind, name]) => {
      const link = document.createElement("a");
      link.href = imageAddress(market.product, kind);
      link.textContent = name;
      return link;
    });
    raw.replaceChildren(raw.firstElementChild, ...links);
  }
}

function drawnText(market, elapsed) {
  if (!isDrawn(market)) return "not yet";
  const time = Date.parse(market.calculatedAt);
  const age = ago(ageNow(market, elapsed));
  return Number.isFinite(time) ? `${age}, at ${clock(time)}` : age;
}

function samplesText(market) {
  const have = isDrawn(market) ? market.size : market.samples ?? 0;
  return market.maxSize === null ? String(have) : `${have} of ${market.maxSize}`;
}
