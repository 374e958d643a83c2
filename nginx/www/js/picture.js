import { fetchImage, kinds } from "./api.js";

const attempts = 3;

/**
 * The four images of one drawing. Null when the product is being redrawn faster than it can be read: then the next round
 * gets it, and a quad mixed from two drawings is never shown.
 */
export async function loadPicture(product, signal) {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const images = await Promise.all(kinds.map((kind) => fetchImage(product, kind, signal)));
    const version = images[0].version;
    // Read again, the images that were already of the newer drawing come from the browser's cache.
    if (images.every((image) => image.version === version)) return { version, images };
  }
  return null;
}

/** An element for each image, decoded, so that showing it takes no further work and all four appear in one frame. */
export async function decodePicture(picture) {
  const elements = picture.images.map(({ blob }) => {
    const element = new Image();
    element.decoding = "sync";
    element.src = URL.createObjectURL(blob);
    return element;
  });
  try {
    await Promise.all(elements.map((element) => element.decode()));
  } catch (error) {
    releaseImages(elements);
    throw error;
  }
  return elements;
}

/** Gives the bytes behind the elements back. */
export function releaseImages(elements) {
  for (const element of elements) URL.revokeObjectURL(element.src);
}

/** Whether an image of so many samples is enlarged on a side of so many CSS pixels; only then are hard pixel edges right. */
export function isEnlarged(samples, cssSide, pixelRatio) {
  return cssSide * pixelRatio >= samples;
}

/** How many samples ago a point of the quad is, in each direction: 0 at the centre, the oldest at the edges. */
export function samplesAgo(offset, side, samples) {
  const fraction = Math.abs(offset - side / 2) / (side / 2);
  return Math.min(samples - 1, Math.floor(fraction * samples));
}
