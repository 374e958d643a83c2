import { decodePicture, isEnlarged, loadPicture, releaseImages, samplesAgo } from "./picture.js";
import { setText } from "./text.js";

const holdMilliseconds = 400;

const alternatives = {
  orderbook: "Order book value of levels 1 to 3",
  buy: "Market buys: size, price and count",
  sell: "Market sells: price, size and count",
  "midpoint-difference": "Difference field of the midpoint",
};

/** A product that lost its picture between the list and the request is no failure: the next list tells. */
function notDrawn(error) {
  if (error.status === 404) return null;
  throw error;
}

/** The picture on the stage: four fields that meet at the newest sample, always of one product and one drawing. */
export class Quad {
  #figure;
  #readout;
  // `version` is the drawing's own, `listed` what the products' list called it when it was loaded.
  #shown = { product: null, version: null, listed: null, images: [], samples: 0 };
  #wanted = null;
  #loading = null;
  #hold = 0;

  constructor(figure, readout) {
    this.#figure = figure;
    this.#readout = readout;
    new ResizeObserver(() => this.#rescale()).observe(figure);
    figure.addEventListener("pointermove", (event) => this.#read(event));
    figure.addEventListener("pointerleave", () => setText(readout, ""));
  }

  get product() {
    return this.#shown.product;
  }

  /** Another product is wanted: what is shown stays, with its own name, for a moment; then the stage empties rather than lie. */
  turnTo(product) {
    if (product === this.#wanted) return;
    this.#wanted = product;
    this.#loading?.abort();
    this.#loading = null;
    clearTimeout(this.#hold);
    const isBack = product === this.#shown.product;
    this.#figure.setAttribute("aria-busy", String(!isBack));
    if (!isBack) this.#hold = setTimeout(() => this.clear(), holdMilliseconds);
  }

  /** Loads the wanted product's newest drawing unless it is on show already. One load runs at a time. */
  async refresh(version) {
    if (this.#loading || (this.#shown.product === this.#wanted && version === this.#shown.listed)) return;
    const loading = (this.#loading = new AbortController());
    try {
      await this.#load(this.#wanted, version, loading.signal);
    } finally {
      if (this.#loading === loading) this.#loading = null;
    }
  }

  /** The price beside the name over the centre. */
  price(text) {
    if (this.#shown.product === this.#wanted) setText(this.#figure.querySelector(".centre-price"), text);
  }

  /** No picture: an empty frame. */
  clear() {
    clearTimeout(this.#hold);
    this.#show({ product: null, version: null, listed: null, images: [], samples: 0 });
  }

  async #load(product, listed, signal) {
    const picture = await loadPicture(product, signal).catch(notDrawn);
    if (picture === null || signal.aborted) return;
    if (this.#shown.product === product && this.#shown.version === picture.version && picture.version !== "") {
      this.#shown.listed = listed;
      return;
    }
    const images = await decodePicture(picture);
    if (signal.aborted) return releaseImages(images);
    clearTimeout(this.#hold);
    this.#show({ product, version: picture.version, listed, images, samples: images[0].naturalWidth });
  }

  // One task, one frame: the browser paints nothing between the four cells.
  #show(next) {
    const previous = this.#shown.images;
    this.#shown = next;
    [...this.#figure.querySelectorAll(".cell")].forEach((cell, index) => {
      const image = next.images[index];
      if (image) image.alt = `${alternatives[cell.dataset.kind]}, ${next.product}`;
      cell.replaceChildren(...(image ? [image] : []));
    });
    setText(this.#figure.querySelector(".centre-name"), next.product ?? "");
    setText(this.#figure.querySelector(".centre-price"), "");
    this.#figure.toggleAttribute("data-empty", next.images.length === 0);
    this.#figure.setAttribute("aria-busy", String(next.product !== this.#wanted));
    this.#figure.dataset.version = next.version ?? "";
    this.#rescale();
    releaseImages(previous);
  }

  #rescale() {
    const side = this.#figure.clientWidth / 2;
    this.#figure.toggleAttribute("data-enlarged", isEnlarged(this.#shown.samples, side, devicePixelRatio));
  }

  #read(event) {
    if (this.#shown.samples === 0) return;
    const box = this.#figure.getBoundingClientRect();
    const across = samplesAgo(event.clientX - box.left, box.width, this.#shown.samples);
    const down = samplesAgo(event.clientY - box.top, box.height, this.#shown.samples);
    setText(this.#readout, `${across} samples ago against ${down} samples ago`);
  }
}
