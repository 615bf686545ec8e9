// The directions along which a generator's drawings change most (`style_directions` in model/drawing/latents.py).

const MAX_LENGTH = 256; // of a latent; no generator comes near it, and the work grows with the cube
const MAX_SWEEPS = 30;

/**
 * @param {Float32Array} weight of the first layer, (features, Z) row after row
 * @param {number} zDim
 * @param {number} count how many directions
 * @returns {Float32Array[]} unit vectors, strongest first
 */
export function styleDirections(weight, zDim, count) {
  if (zDim > MAX_LENGTH) throw new Error(`This page has styles for latents of up to ${MAX_LENGTH} numbers, not ${zDim}.`);
  const gram = new Float64Array(zDim * zDim);
  for (let feature = 0; feature < weight.length; feature += zDim) {
    for (let row = 0; row < zDim; row++) {
      const factor = weight[feature + row];
      for (let column = 0, at = row * zDim; column <= row; column++, at++) gram[at] += factor * weight[feature + column];
    }
  }
  for (let row = 0; row < zDim; row++) {
    for (let column = row + 1; column < zDim; column++) gram[row * zDim + column] = gram[column * zDim + row];
  }
  const vectors = diagonalise(gram, zDim);
  const order = Array.from({ length: zDim }, (_, at) => at).sort((one, other) => gram[other * (zDim + 1)] - gram[one * (zDim + 1)]);
  return order.slice(0, count).map((place) => {
    const vector = vectors.subarray(place * zDim, (place + 1) * zDim);
    const strongest = vector.reduce((best, number) => (Math.abs(number) > Math.abs(best) ? number : best), 0);
    return Float32Array.from(vector, (number) => number * Math.sign(strongest));
  });
}

/**
 * Turns a symmetric matrix into a diagonal one and returns its eigenvectors, one per row (Jacobi 1846; the rotations are
 * those in Golub and Van Loan, "Matrix Computations", section 8.5).
 * @param {Float64Array} matrix
 * @param {number} size
 */
function diagonalise(matrix, size) {
  const vectors = new Float64Array(size * size);
  for (let at = 0; at < size; at++) vectors[at * (size + 1)] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let [outside, inside] = [0, 0];
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < row; column++) outside += matrix[row * size + column] ** 2;
      inside += matrix[row * (size + 1)] ** 2;
    }
    if (outside <= 1e-22 * inside) break;
    for (let one = 0; one < size; one++) {
      for (let other = one + 1; other < size; other++) rotate(matrix, vectors, size, one, other);
    }
  }
  return vectors;
}

/**
 * @param {Float64Array} matrix
 * @param {Float64Array} vectors
 * @param {number} size
 * @param {number} one
 * @param {number} other
 */
function rotate(matrix, vectors, size, one, other) {
  const across = matrix[one * size + other];
  if (across === 0) return;
  const ratio = (matrix[other * (size + 1)] - matrix[one * (size + 1)]) / (2 * across);
  const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.sqrt(1 + ratio * ratio));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = tangent * cosine;
  for (let at = 0, i = one, j = other; at < size; at++, i += size, j += size) {
    const [a, b] = [matrix[i], matrix[j]];
    matrix[i] = cosine * a - sine * b;
    matrix[j] = sine * a + cosine * b;
  }
  for (let at = 0, i = one * size, j = other * size; at < size; at++, i++, j++) {
    const [a, b, c, d] = [matrix[i], matrix[j], vectors[i], vectors[j]];
    matrix[i] = cosine * a - sine * b;
    matrix[j] = sine * a + cosine * b;
    vectors[i] = cosine * c - sine * d;
    vectors[j] = sine * c + cosine * d;
  }
}
