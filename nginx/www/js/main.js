import { fetchProducts } from "./api.js";
import { Cards } from "./cards.js";
import { answered, failed, start } from "./connection.js";
import { Facts } from "./facts.js";
import { price } from "./format.js";
import { isDrawn, readMarket } from "./market.js";
import { showMessage, stageMessage } from "./message.js";
import { Poll } from "./poll.js";
import { Quad } from "./quad.js";
import { neighbour, parseRoute, productHash } from "./route.js";
import { Status } from "./status.js";

const pollMilliseconds = 1_000;
const element = (id) => document.getElementById(id);

const quad = new Quad(element("quad"), element("readout"));
const cards = new Cards({ list: element("cards"), filter: element("filter"), count: element("markets-count") });
const facts = new Facts(element("facts"));
const status = new Status({ source: element("source"), fresh: element("fresh"), notice: element("notice") });
const poll = new Poll(round, lost, pollMilliseconds);

/** All that the page knows; `markets` is null until the first answer. */
const known = { markets: null, answeredAt: 0, connection: start, route: parseRoute(location.hash), first: null };

function selected() {
  return known.route.product ?? known.first;
}

function market() {
  return known.markets?.find(({ product }) => product === selected()) ?? null;
}

async function round(signal) {
  const rows = await fetchProducts(signal);
  known.markets = rows.map(readMarket).filter(Boolean);
  known.answeredAt = performance.now();
  // The first choice stays: a list that fills up must not turn the stage to another product.
  const there = known.markets.some(({ product }) => product === known.first);
  if (!there) known.first = (known.markets.find(isDrawn) ?? known.markets[0])?.product ?? null;
  render();
  await refreshPictures();
  // Only now: an API that lists its products but cannot give a picture is away as well.
  known.connection = answered();
  render();
}

function lost(error, wait) {
  known.connection = failed(known.connection, error.reason ?? "the picture could not be read", wait, Date.now());
  render();
}

async function refreshPictures() {
  const shown = market();
  if (known.route.view === "product" && shown && isDrawn(shown)) {
    await quad.refresh(shown.version);
    quad.price(price(shown.midpoint));
  }
  cards.paint(known.markets);
}

function render() {
  const { markets, connection, route } = known;
  const elapsed = (performance.now() - known.answeredAt) / 1000;
  document.body.dataset.view = markets?.length === 0 ? "product" : route.view;
  document.body.dataset.phase = connection.phase;
  element("wall").toggleAttribute("aria-current", route.view === "overview");
  document.body.toggleAttribute("data-bare", markets === null ? connection.phase === "away" : markets.length === 0);
  status.connection(connection, Date.now());
  cards.update(markets ?? [], route.view === "product" ? selected() : null, elapsed);
  renderStage(market(), elapsed);
  renderStatus(market(), elapsed);
}

function renderStage(shown, elapsed) {
  const message = stageMessage({ connection: known.connection, markets: known.markets, market: shown, wanted: selected() });
  showMessage(element("message"), message);
  element("facts").toggleAttribute("data-empty", !shown);
  if (shown) facts.update(shown, elapsed);
  if (known.route.view !== "product") return;
  quad.turnTo(selected());
  if (message) quad.clear();
  else quad.price(price(shown.midpoint));
}

function renderStatus(shown, elapsed) {
  if (known.markets === null) status.none(known.connection.phase === "away" ? "no data" : "loading");
  else if (known.markets.length === 0) status.none("no markets");
  else if (known.route.view === "overview") status.all(known.markets, elapsed);
  else if (shown) status.market(shown, elapsed);
  else status.none("not on show");
  const name = known.route.view === "product" && shown ? `${price(shown.midpoint)} ${shown.product} · ` : "";
  document.title = `${name}Crypto GAF`;
}

function turned() {
  // The skip link's address is no route.
  if (location.hash === "#stage") return;
  known.route = parseRoute(location.hash);
  render();
  cards.reveal(selected());
  poll.now();
}

function onKey(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const elsewhere = event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, summary");
  if (!step || elsewhere || known.route.view !== "product" || !known.markets) return;
  const next = neighbour(known.markets.map(({ product }) => product), selected(), step);
  if (next === null) return;
  event.preventDefault();
  location.hash = productHash(next);
}

addEventListener("hashchange", turned);
addEventListener("keydown", onKey);
element("retry").addEventListener("click", () => poll.now());
setInterval(() => document.hidden || render(), 1_000);
render();
poll.start();
