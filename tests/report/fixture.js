// SPDX-License-Identifier: MIT
// Records in their final form, with all series. The figures are invented.
const machine = {mode: 'icount', cpu: 'max', smp: 1, options: '', commit: '0123abc'};

export function record(suite, row, median, more = {}) {
  return {
    suite, row, unit: 'instructions', n: 960, min: median, q1: median, median, q3: median, p99: median,
    max: median, mean: median, stddev: 0, ...machine, ...more,
  };
}

// A row with a spread of `width` and a cold execution of `cold` times the median.
export function spread(suite, row, median, width, cold, more = {}) {
  return record(suite, row, median, {
    min: median * (1 - width), q1: median * (1 - width / 3), q3: median * (1 + width / 2),
    p99: median * (1 + 2 * width), max: median * (1 + 3 * width), mean: median * (1 + width / 4),
    stddev: median * width, first: median * cold, ...more,
  });
}

const words = [0, 1, 4, 7, 8, 16, 32, 48, 63];
const beyond = (w) => (w > 7 ? 22 + 2 * w : 0);
const powers = (from, to, step) => {
  const list = [];
  for (let x = from; x <= to; x *= step) list.push(x);
  return list;
};

export function records() {
  return [
    record('syscall', 'null', 23, {first: 61, target: 50, best: 56}),
    record('syscall', 'clock', 24, {first: 70, target: 50}),
    spread('syscall', 'schedule/query', 117, 0.02, 2.1, {target: 110}),
    ...words.map((w) => record('ipc', `roundtrip/inter/${w}w`, 107 + beyond(w), {first: 231 + 3 * w})),
    ...words.map((w) => record('ipc', `roundtrip/intra/${w}w`, 110 + beyond(w), {first: 212 + 3 * w})),
    record('ipc', 'oneway/call/inter', 54),
    ...powers(64, 4 << 20, 4).map((b) => spread('ipc', `string/copy/${b}`, 540 + b / 8, 0.04, 1.6)),
    ...powers(1, 16384, 4).map((n) => spread('thread', `ready/${n}`, 112, 0.03, 2.2)),
    ...powers(1, 100000, 10).map((n) => record('map', `width/${n}`, 86 + 120 / n)),
    ...powers(1, 1000000, 10).map((n) => record('thread', `map-mappings/${n}`, 862)),
    ...powers(1, 1000000, 10).map((n) => record('thread', `ipc-mappings/${n}`, 106)),
    ...powers(1, 16, 2).map((n) => record('map', `depth/${n}`, 150 + 40 * n)),
    ...[['fault', 620], ['trap', 91], ['prot1', 254], ['prot100', 4600], ['unprot100', 4700], ['appel1', 900],
      ['appel2', 760]].map(([row, v]) => spread('vm', row, v, 0.05, 1.8)),
    spread('latency', 'map/16-MiB', 4000, 0.2, 1, {target: 5500, worst: true}),
    record('capacity', 'bytes/thread', 512, {unit: 'bytes', n: 1}),
  ];
}

export const asText = (list) => list.map((r) => `${JSON.stringify(r)}\n`).join('');

const source = {author: 'A. Author', title: 'A title', year: 1995, venue: 'https://example.org/paper'};
const theirs = (system, value, unit, more) =>
  ({system, value, unit, machine: 'Alpha', kind: 'published', date: '1995', source, ...more});

const ours = (value, null_calls) => ({system: 'Mica', value, unit: 'instructions', null_calls});
const measured = {kind: 'measured by us under the same emulator', of_ours: 2.64};

// As bench_records compare-json prints it.
export const comparison = () => [
  {id: 'null-call', title: 'null system call', ours: ours(23, 1),
    others: [theirs('SPIN', 4, 'us', {null_calls: 1})]},
  {id: 'round-trip', title: 'IPC round trip', ours: ours(107, 4.65),
    others: [theirs('NOVA', 282, 'instructions', measured), theirs('SPIN', 89, 'us', {null_calls: 22.25})]},
  {id: 'protected-call', title: 'protected call', ours: null,
    others: [theirs('SPIN <&', 0.13, 'us', {null_calls: 0.0325})]},
];
