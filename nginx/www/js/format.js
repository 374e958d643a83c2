/** Numbers and times as people read them. Pure: no clock, no document, so that each line can be tested by its text. */

const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** A decimal written out, without an exponent: 3.45e-7 becomes "0.000000345". Null for anything that is not a finite number. */
export function plainDecimal(value) {
  const parts = decimal.exec(String(value ?? ""));
  if (!parts) return null;
  const [, sign, whole, fraction = "", exponent = "0"] = parts;
  const shift = Number(exponent);
  if (Math.abs(shift) > 40) return null;
  const padded = "0".repeat(40) + whole + fraction + "0".repeat(40);
  const point = 40 + whole.length + shift;
  const left = padded.slice(0, point).replace(/^0+(?=\d)/, "");
  const right = padded.slice(point).replace(/0+$/, "");
  return sign + left + (right ? "." + right : "");
}

/** How many decimals a price of this height deserves: cents above a thousand, six significant digits below one. */
export function priceDecimals(plain) {
  const [whole, fraction = ""] = plain.replace("-", "").split(".");
  if (whole.length > 3) return 2;
  if (whole !== "0") return 4;
  const zeros = /^0*/.exec(fraction)[0].length;
  return zeros === fraction.length ? 2 : Math.min(zeros + 6, 20);
}

/** A price with thousands separated and a steady number of decimals; an en dash when there is none. */
export function price(value) {
  const plain = plainDecimal(value);
  if (plain === null) return "–";
  const digits = priceDecimals(plain);
  return new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(plain);
}

/** "3 s", "4 min", "5 h", "2 days"; rounded down, since an age of 59.9 s has not seen its minute yet. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 6000) return `${Math.floor(whole / 60)} min`;
  if (whole < 48 * 3600) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86400)} days`;
}

/** An age in words: "now" within the first second, then "3 s ago". */
export function ago(seconds) {
  if (!Number.isFinite(seconds)) return "long ago";
  return seconds < 1 ? "now" : `${duration(seconds)} ago`;
}

/** The wall clock of the reader, 24 hours with seconds. */
export function clock(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString("en-GB");
}

/** "BTC-USD" of "kraken:BTC-USD". */
export function symbol(product) {
  return product.slice(product.indexOf(":") + 1);
}

/** What a price is quoted in: the last part of the symbol, or nothing when it does not say. */
export function quoteCurrency(product) {
  const parts = symbol(product).split(/[-/]/);
  return parts.length > 1 ? parts[parts.length - 1] : "";
}

/** "1 market", "5 markets". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
