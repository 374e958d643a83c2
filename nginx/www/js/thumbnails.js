import { loadPicture } from "./picture.js";

/** A thumbnail may be so old; the stage is the place for every drawing, and four images of 600 samples are 2 MB. */
const refreshMilliseconds = 12_000;

/** Clockwise quarter turns that bring the newest pixel, (0, 0), to the centre: the same as on the stage. */
const quarterTurns = [2, 3, 1, 0];

/** Paints small quads one after another, and only those that can be seen. */
export class Thumbnails {
  #visible = new Set();
  #painted = new Map();
  #busy = false;
  #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target);
      else this.#visible.delete(target);
    }
  }, { rootMargin: "80px" });

  watch(canvas) {
    this.#observer.observe(canvas);
  }

  forget(canvas) {
    this.#observer.unobserve(canvas);
    this.#visible.delete(canvas);
    this.#painted.delete(canvas);
  }

  /** Paints what is due: `versions` maps each canvas to its product and its newest drawing. A failure leaves the old paint. */
  async refresh(versions) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (const canvas of this.#due(versions)) await this.#paint(canvas, versions.get(canvas));
    } finally {
      this.#busy = false;
    }
  }

  #due(versions) {
    const now = performance.now();
    const age = (canvas) => now - (this.#painted.get(canvas)?.at ?? -Infinity);
    return [...this.#visible]
      .filter((canvas) => versions.has(canvas) && versions.get(canvas).version !== this.#painted.get(canvas)?.version)
      .filter((canvas) => age(canvas) > refreshMilliseconds)
      .sort((a, b) => age(b) - age(a));
  }

  async #paint(canvas, { product, version }) {
    // Noted before the attempt, so that an image that cannot be had is not asked for every second.
    this.#painted.set(canvas, { version: this.#painted.get(canvas)?.version, at: performance.now() });
    const picture = await loadPicture(product, null).catch(() => null);
    if (picture === null || document.hidden) return;
    const half = Math.max(16, Math.round((canvas.clientWidth * devicePixelRatio) / 2));
    const bitmaps = await Promise.all(picture.images.map(({ blob }) => shrunk(blob, half))).catch(() => null);
    if (bitmaps === null) return;
    canvas.width = canvas.height = 2 * half;
    bitmaps.forEach((bitmap, index) => place(canvas, bitmap, index, half));
    canvas.dataset.painted = "true";
    this.#painted.set(canvas, { version, at: performance.now() });
  }
}

function shrunk(blob, side) {
  return createImageBitmap(blob, { resizeWidth: side, resizeHeight: side, resizeQuality: "medium" });
}

function place(canvas, bitmap, index, half) {
  const context = canvas.getContext("2d");
  context.save();
  context.translate((index % 2) * half + half / 2, Math.floor(index / 2) * half + half / 2);
  context.rotate((quarterTurns[index] * Math.PI) / 2);
  context.drawImage(bitmap, -half / 2, -half / 2);
  context.restore();
  bitmap.close();
}
