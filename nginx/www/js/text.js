/** Writes only what changed: an unchanged text node costs no layout and interrupts no selection. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
