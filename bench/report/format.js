// SPDX-License-Identifier: MIT
// Numbers and text as people read them.

export const number = (value) =>
  value.toLocaleString('en-US', {maximumFractionDigits: Math.abs(value) < 1 ? 3 : 2});

export const unitName = (unit) => (unit === 'us' ? '\u00b5s' : unit);

const prefixes = ['B', 'KiB', 'MiB', 'GiB'];

export function bytes(value) {
  let i = 0;
  for (; value >= 1024 && i < prefixes.length - 1; ++i) value /= 1024;
  return `${number(value)} ${prefixes[i]}`;
}

// 100000 -> 100 k, for axes.
export function compact(value) {
  if (value >= 1e6) return `${number(value / 1e6)} M`;
  if (value >= 1e5) return `${number(value / 1e3)} k`;
  return number(value);
}

// For names of files and of places in the page.
export const slug = (text) => text.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();

const entities = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
export const escape = (text) => String(text).replace(/[&<>"']/g, (c) => entities[c]);
