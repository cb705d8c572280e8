// Pixels: what is read from pictures of equal size: their values, residuals, decibels, and where two differ most.
const readPixels = new WeakMap();
const canvasOf = (width, height) => {
  const canvas = make("canvas", { width, height });
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
};
const pixelsOf = async (picture) => {
  if (!readPixels.has(picture)) {
    await picture.decode();
    const [width, height] = [picture.naturalWidth, picture.naturalHeight];
    const [, context] = canvasOf(width, height);
    context.drawImage(picture, 0, 0);
    readPixels.set(picture, { width, height, data: context.getImageData(0, 0, width, height).data });
  }
  return readPixels.get(picture);
};
const sameSize = (a, b) => a && b && a.width === b.width && a.height === b.height;
const residualOf = ({ width, height, data }, clean, gain) => {
  const [canvas, context] = canvasOf(width, height);
  const drawn = context.createImageData(width, height);
  for (let i = 0; i < data.length; i += 1) drawn.data[i] = i % 4 === 3 ? 255 : 128 + gain * (data[i] - clean.data[i]);
  context.putImageData(drawn, 0, 0);
  return canvas;
};
// The squared difference at one pixel of opaque pictures: the mean over the channels, or that of the luma (ITU-R BT.601, 16 to 235).
const channels = (a, b, i) => ((a.data[i] - b.data[i]) ** 2 + (a.data[i + 1] - b.data[i + 1]) ** 2 + (a.data[i + 2] - b.data[i + 2]) ** 2) / 3;
const luma = (a, b, i) => ((65.481 * (a.data[i] - b.data[i]) + 128.553 * (a.data[i + 1] - b.data[i + 1]) + 24.966 * (a.data[i + 2] - b.data[i + 2])) / 255) ** 2;
const decibels = (own, clean, { left, top, width, height }, squares) => {
  let sum = 0;
  for (let y = top; y < top + height; y += 1) for (let x = left; x < left + width; x += 1) sum += squares(own, clean, 4 * (y * own.width + x));
  return 10 * Math.log10((width * height * 255 ** 2) / sum);
};
// Where a window of this size has the largest difference, by sums over all rectangles from the first pixel.
const mostDifferent = (a, b, width, height) => {
  const line = a.width + 1;
  const sums = new Float64Array(line * (a.height + 1));
  for (let y = 0; y < a.height; y += 1) for (let x = 0, row = 0; x < a.width; x += 1) {
    row += channels(a, b, 4 * (y * a.width + x));
    sums[(y + 1) * line + x + 1] = sums[y * line + x + 1] + row;
  }
  const found = { left: 0, top: 0, sum: -1 };
  for (let top = 0; top + height <= a.height; top += 1) for (let left = 0; left + width <= a.width; left += 1) {
    const [above, below] = [top * line + left, (top + height) * line + left];
    const sum = sums[below + width] - sums[below] - sums[above + width] + sums[above];
    if (sum > found.sum) Object.assign(found, { left, top, sum });
  }
  return found;
};
