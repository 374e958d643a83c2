import { ago, count, price } from "./format.js";
import { ageNow, collecting, freshness, isDrawn } from "./market.js";
import { productHash } from "./route.js";
import { setText } from "./text.js";
import { Thumbnails } from "./thumbnails.js";

const filterFrom = 9;

/** The list of all markets: a rail of cards beside the stage, a wall of them in the overview, and the switcher in both. */
export class Cards {
  #list;
  #filter;
  #count;
  #thumbnails = new Thumbnails();
  #cards = new Map();

  constructor({ list, filter, count: counter }) {
    this.#list = list;
    this.#filter = filter;
    this.#count = counter;
    filter.addEventListener("input", () => this.#applyFilter());
  }

  /** Adds, removes and orders cards as the server lists them, and brings each up to date. */
  update(markets, selected, elapsed) {
    this.#match(markets);
    // One source for all is told once, in the bar.
    this.#list.toggleAttribute("data-mixed", new Set(markets.map(({ source }) => source)).size > 1);
    for (const market of markets) this.#describe(this.#cards.get(market.product), market, selected, elapsed);
    this.#filter.hidden = markets.length < filterFrom;
    setText(this.#count, markets.length ? count(markets.length, "market") : "");
  }

  /** Repaints the small pictures that are in view and no longer the newest. */
  paint(markets) {
    const drawn = markets.filter(isDrawn).map((market) => [this.#cards.get(market.product).thumb, market]);
    return this.#thumbnails.refresh(new Map(drawn));
  }

  /** Scrolls the chosen card into view inside its rail, never the page. */
  reveal(product) {
    const item = this.#cards.get(product)?.item;
    if (!item) return;
    const list = this.#list;
    if (list.scrollHeight > list.clientHeight) list.scrollTop = item.offsetTop - (list.clientHeight - item.offsetHeight) / 2;
    if (list.scrollWidth > list.clientWidth) list.scrollLeft = item.offsetLeft - (list.clientWidth - item.offsetWidth) / 2;
  }

  #match(markets) {
    const names = markets.map((market) => market.product);
    for (const [product, card] of this.#cards) {
      if (names.includes(product)) continue;
      this.#thumbnails.forget(card.thumb);
      card.item.remove();
      this.#cards.delete(product);
    }
    names.forEach((product, index) => {
      if (!this.#cards.has(product)) this.#cards.set(product, this.#make(product));
      const { item } = this.#cards.get(product);
      if (this.#list.children[index] !== item) this.#list.insertBefore(item, this.#list.children[index] ?? null);
    });
  }

  #make(product) {
    const part = (name, className) => Object.assign(document.createElement(name), { className });
    const card = {
      item: part("li", ""), link: part("a", "card"), thumb: part("canvas", "thumb"), name: part("span", "card-name"),
      price: part("span", "card-price"), fresh: part("span", "fresh"), age: part("span", ""), source: part("span", "badge"),
    };
    card.link.href = productHash(product);
    card.thumb.width = card.thumb.height = 2;
    card.thumb.setAttribute("aria-hidden", "true");
    card.name.textContent = product;
    card.fresh.append(part("i", ""), card.age);
    card.link.append(card.thumb, card.name, card.price, card.fresh, card.source);
    card.item.append(card.link);
    this.#thumbnails.watch(card.thumb);
    return card;
  }

  #describe(card, market, selected, elapsed) {
    const progress = collecting(market);
    setText(card.price, price(market.midpoint));
    setText(card.age, progress ? `${progress.have} of ${progress.need}` : isDrawn(market) ? ago(ageNow(market, elapsed)) : "no picture");
    card.fresh.dataset.state = freshness(market, elapsed);
    card.source.hidden = market.source === null;
    setText(card.source, market.source ?? "");
    card.source.dataset.source = market.source ?? "";
    if (market.product === selected) card.link.setAttribute("aria-current", "page");
    else card.link.removeAttribute("aria-current");
  }

  #applyFilter() {
    const wanted = this.#filter.value.trim().toLowerCase();
    for (const [product, { item }] of this.#cards) item.hidden = !product.toLowerCase().includes(wanted);
  }
}
