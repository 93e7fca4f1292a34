// Names of channels, in ASCII, that fall together under the hashes that programs commonly use without a key.
import assert from 'node:assert/strict';

export function djb2(name, hash = 5381) {
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 33) + name.charCodeAt(i)) | 0;
  return hash;
}

export function fnv1a(name, hash = 0x811c9dc5 | 0) {
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}

// Bob Jenkins' of 1996, which is uthash's own.
export function jenkins(name) {
  const { length } = name;
  let a = 0x9e3779b9 | 0, b = a, c = 0xfeedbeef | 0, at = 0;
  const byte = (i) => (i < length ? name.charCodeAt(i) : 0);
  const word = (i) => byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24);
  const mix = () => {
    a = (a - b - c) ^ (c >>> 13); b = (b - c - a) ^ (a << 8); c = (c - a - b) ^ (b >>> 13);
    a = (a - b - c) ^ (c >>> 12); b = (b - c - a) ^ (a << 16); c = (c - a - b) ^ (b >>> 5);
    a = (a - b - c) ^ (c >>> 3); b = (b - c - a) ^ (a << 10); c = (c - a - b) ^ (b >>> 15);
  };
  for (; length - at >= 12; at += 12) {
    a = (a + word(at)) | 0; b = (b + word(at + 4)) | 0; c = (c + word(at + 8)) | 0;
    mix();
  }
  a = (a + word(at)) | 0; b = (b + word(at + 4)) | 0; c = (c + length + (word(at + 8) << 8)) | 0;
  mix();
  return c;
}

assert.equal(djb2('a'), 177670);
assert.equal(fnv1a('a') >>> 0, 0xe40c292c);

// In which order blocks are tried decides how soon a pair is found: near each other, or far from it.
export const counted = (i) => i.toString(36).padStart(4, '0');
export const scattered = (i) => (Math.imul(i, 0x9e3779b1) >>> 0).toString(36).padStart(7, '0');

// `count` names of one value under a hash of 32 bits that takes byte after byte: pairs of blocks which lead from
// one state to the same next one, one behind the other, make all their combinations fall together.
export function chained(hash, count, blocks) {
  let names = [''], state;
  while (names.length < count) {
    const met = new Map();
    for (let i = 0; ; i++) {
      const block = blocks(i), next = hash(block, state);
      if (met.has(next)) {
        const other = met.get(next);
        names = names.flatMap((name) => [name + block, name + other]);
        state = next;
        break;
      }
      met.set(next, block);
    }
  }
  return names.slice(0, count);
}

// `count` names that fall into one of `buckets`, found by trying.
export function sifted(hash, count, buckets) {
  const names = [];
  for (let i = 0; names.length < count; i++) {
    const name = i.toString(36).padStart(10, '0');
    if ((hash(name) & (buckets - 1)) === 0) names.push(name);
  }
  return names;
}
