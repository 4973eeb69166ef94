/** Saves a drawing of the page as a file that looks the same elsewhere. */

import { save } from "../save";

const PNG_SIDE = 1600;
/** What the page's style sheet gives to a drawing, written into the file itself. */
const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linejoin",
  "paint-order",
  "font-size",
  "font-family",
  "text-anchor",
] as const;

export function saveSvg(svg: SVGSVGElement, name: string): void {
  save(new Blob([standalone(svg)], { type: "image/svg+xml" }), `${fileName(name)}.svg`);
}

export async function savePng(svg: SVGSVGElement, name: string): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PNG_SIDE;
  canvas.getContext("2d")?.drawImage(image, 0, 0, PNG_SIDE, PNG_SIDE);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });
  if (blob !== null) save(blob, `${fileName(name)}.png`);
}

/** The drawing as a file of its own: styles written out, background painted, size given. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, index) => {
    const original = originals[index];
    if (original === undefined) return;
    const style = getComputedStyle(original);
    for (const property of STYLES) {
      element.setAttribute(property, style.getPropertyValue(property));
    }
    for (const attribute of ["class", "style", "tabindex"]) element.removeAttribute(attribute);
  });
  const { x, y, width, height } = svg.viewBox.baseVal;
  const ground = document.createElementNS(svg.namespaceURI ?? "", "rect");
  const colour = getComputedStyle(svg).backgroundColor;
  for (const [key, value] of Object.entries({ x, y, width, height, fill: colour })) {
    ground.setAttribute(key, String(value));
  }
  copy.prepend(ground);
  for (const attribute of ["class", "tabindex", "role", "aria-activedescendant"]) {
    copy.removeAttribute(attribute);
  }
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(copy);
}

function fileName(name: string): string {
  return `hierarchy-${name.replaceAll(/[^\w.-]+/g, "-") || "model"}`;
}
