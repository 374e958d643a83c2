/** The address after "#": which product is on show, or the wall of all of them. Pure. */

/** "#product=BTC-USD" → {view: "product", product: "BTC-USD"}; "#overview" → the wall; anything else leaves the choice open. */
export function parseRoute(hash) {
  const text = hash.replace(/^#/, "");
  if (text === "overview") return { view: "overview", product: null };
  const product = new URLSearchParams(text).get("product");
  return { view: "product", product: product || null };
}

/** The address of a product; its name may hold any character. */
export function productHash(product) {
  return `#product=${encodeURIComponent(product)}`;
}

/** The product that many steps away in the list, around its ends; null in an empty list. */
export function neighbour(products, current, step) {
  if (products.length === 0) return null;
  const index = Math.max(0, products.indexOf(current));
  return products[(index + step + products.length) % products.length];
}
