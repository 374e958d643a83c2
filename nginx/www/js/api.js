/** The three things the page asks the server, with deadlines, and errors that say what a person can act on. */

export const kinds = ["orderbook", "buy", "sell", "midpoint-difference"];

const productsTimeout = 5_000;
const imageTimeout = 15_000; // Four images of 600 samples may be 2 MB on a phone's connection.

/** A request that failed: `reason` in words, `status` of an answer (0: none came), `retryAfter` in seconds if the server said so. */
export class RequestError extends Error {
  constructor(reason, status = 0, retryAfter = null) {
    super(reason);
    this.name = "RequestError";
    this.reason = reason;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The address of one image; also what the page links to. */
export function imageAddress(product, kind) {
  return `api/gaf/image.png?${new URLSearchParams({ product, kind })}`;
}

/** All products as the server tells them: the rows' JSON objects, unread. */
export async function fetchProducts(signal) {
  const response = await request("api/gaf/products", productsTimeout, signal);
  const body = await read(response.json(), signal);
  if (!Array.isArray(body?.products)) throw new RequestError("the answer is not a list of products", response.status);
  return body.products;
}

/**
 * One image: its version (the ETag without the kind, the same for all images of one drawing) and its bytes.
 * The browser's cache revalidates: an unchanged image costs a 304 and no bytes.
 */
export async function fetchImage(product, kind, signal) {
  const response = await request(imageAddress(product, kind), imageTimeout, signal);
  const version = versionOf(response.headers.get("ETag"), kind);
  return { kind, version, blob: await read(response.blob(), signal) };
}

/** What an ETag says about the drawing, whatever the image: `"12-1605-buy"` and `"12-1605-sell"` are one version. */
export function versionOf(etag, kind) {
  return (etag ?? "").replace(/^W\//, "").replaceAll('"', "").replace(kind, "");
}

async function request(address, timeout, signal) {
  const limits = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])];
  const response = await read(fetch(address, { cache: "no-cache", signal: AbortSignal.any(limits) }), signal);
  if (response.ok) return response;
  const after = Number(response.headers.get("Retry-After") || NaN);
  throw new RequestError(await failureReason(response, signal), response.status, Number.isFinite(after) ? after : null);
}

/** The server's own words, if it sent a problem (RFC 9457); else the status. */
async function failureReason(response, signal) {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  const problem = isProblem ? await read(response.json(), signal).catch(() => null) : null;
  const status = `${response.status} ${response.statusText}`.trim();
  return typeof problem?.detail === "string" ? `${problem.detail} (${status})` : `the server answered ${status}`;
}

/** Names the failure; an abort that the page itself asked for passes as it is. */
async function read(promise, signal) {
  try {
    return await promise;
  } catch (error) {
    if (signal?.aborted) throw error;
    if (error.name === "TimeoutError") throw new RequestError("no answer in time");
    if (error instanceof SyntaxError) throw new RequestError("the answer is not JSON");
    throw new RequestError("no connection");
  }
}
