// Normally distributed numbers from a seed, the same as numpy.random.RandomState(seed).standard_normal.

const LENGTH = 624; // of the state of a Mersenne Twister (Matsumoto and Nishimura 1998, MT19937)
const MIDDLE = 397;
const MAX_KEPT = 1024; // latents: a new stream is slow to start, and a morph needs the same few again and again

/** @type {Map<string, Float64Array>} */
const kept = new Map();

/**
 * @param {number} seed 0 to 2^32 - 1
 * @param {number} count
 * @returns {Float64Array} not to be changed
 */
export function normal(seed, count) {
  const key = `${seed} ${count}`;
  let numbers = kept.get(key);
  if (!numbers) {
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(key, (numbers = stream(seed, count)));
  }
  return numbers;
}

/**
 * @param {number} seed
 * @param {number} count
 */
function stream(seed, count) {
  const fraction = fractions(seed);
  const numbers = new Float64Array(count + 1);
  for (let at = 0; at < count; at += 2) {
    let x = 0, y = 0, square = 0; // Marsaglia's polar method
    do {
      x = 2 * fraction() - 1;
      y = 2 * fraction() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    numbers[at] = scale * y;
    numbers[at + 1] = scale * x;
  }
  return numbers.subarray(0, count);
}

/**
 * A stream of numbers from 0 to below 1, with 53 random bits each.
 * @param {number} seed
 */
function fractions(seed) {
  const state = new Uint32Array(LENGTH);
  state[0] = seed;
  for (let at = 1; at < LENGTH; at++) {
    state[at] = Math.imul(1812433253, state[at - 1] ^ (state[at - 1] >>> 30)) + at;
  }
  let next = LENGTH;

  function twist() {
    for (let at = 0; at < LENGTH; at++) {
      const bits = (state[at] & 0x80000000) | (state[(at + 1) % LENGTH] & 0x7fffffff);
      state[at] = state[(at + MIDDLE) % LENGTH] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  }

  function word() {
    if (next === LENGTH) twist();
    let bits = state[next++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  return () => {
    const high = word() >>> 5;
    return (high * 67108864 + (word() >>> 6)) / 9007199254740992;
  };
}
