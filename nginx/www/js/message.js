import { collecting, isDrawn, samplesForImage } from "./market.js";
import { setText } from "./text.js";

/** What stands on the stage instead of a picture. Pure: null when there is one to show. */
export function stageMessage({ connection, markets, market, wanted }) {
  if (markets === null) {
    const title = connection.phase === "away" ? "Waiting for the API" : "Loading";
    return { title, text: connection.phase === "away" ? "Pictures appear as soon as it answers." : "", progress: null, command: false };
  }
  if (markets.length === 0) {
    return { title: "No markets yet", text: "Add one on the server; this page notices by itself.", progress: null, command: true };
  }
  if (!market) {
    return { title: "Not on show", text: `${wanted} is not among the markets here.`, progress: null, command: false };
  }
  if (isDrawn(market)) return null;
  const progress = collecting(market);
  const text = progress
    ? progress.have < progress.need ? `${progress.have} of ${progress.need} samples` : "Drawing the first picture"
    : `The first picture takes ${samplesForImage} samples.`;
  return { title: "Collecting", text, progress, command: false };
}

/** Puts a message on the stage, or takes it away. */
export function showMessage(element, message) {
  element.hidden = message === null;
  if (message === null) return;
  setText(element.querySelector("h2"), message.title);
  setText(element.querySelector("p"), message.text);
  const bar = element.querySelector("progress");
  bar.hidden = message.progress === null;
  bar.value = message.progress?.have ?? 0;
  bar.max = message.progress?.need ?? samplesForImage;
  bar.setAttribute("aria-label", "samples collected");
  element.querySelector("code").hidden = !message.command;
}
