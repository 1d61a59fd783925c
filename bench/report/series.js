// SPDX-License-Identifier: MIT
// Rows whose last component is a number make a series: string/copy/64, string/copy/256.

const leastPoints = 3;

// ipc, roundtrip/inter/63w -> {prefix: 'ipc/roundtrip/inter', parameter: 63}; null if the
// row has no parameter.
export function splitRow(suite, row) {
  const parts = `${suite}/${row}`.split('/');
  const match = /^(\d+)([a-z]?)$/.exec(parts.pop());
  if (!match || parts.length < 2) return null;
  return {prefix: parts.join('/'), parameter: Number(match[1])};
}

// The series in `records`: [{prefix, unit, options, points}], points being sorted
// [{x, record}]. Those with fewer than three points are left out.
export function findSeries(records) {
  const found = new Map();
  for (const record of records) {
    const split = splitRow(record.suite, record.row);
    if (!split) continue;
    const key = JSON.stringify([split.prefix, record.unit, record.options]);
    if (!found.has(key)) {
      found.set(key, {prefix: split.prefix, unit: record.unit, options: record.options, points: []});
    }
    found.get(key).points.push({x: split.parameter, record});
  }
  const series = [...found.values()].filter((s) => s.points.length >= leastPoints);
  for (const s of series) s.points.sort((a, b) => a.x - b.x);
  return series;
}

// The components in which names differ, for labels: a/b/x and a/c/x -> b and c. One name
// alone is its last component.
export function shortNames(names) {
  const split = names.map((n) => n.split('/'));
  const longest = Math.max(...split.map((parts) => parts.length));
  const differ = [];
  for (let i = 0; i < longest; ++i) {
    if (new Set(split.map((parts) => parts[i])).size > 1) differ.push(i);
  }
  if (differ.length === 0) return split.map((parts) => parts.at(-1));
  return split.map((parts) => differ.map((i) => parts[i]).filter(Boolean).join('/') || parts.at(-1));
}
