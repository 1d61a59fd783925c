// SPDX-License-Identifier: MIT
// Which series make which plot. This is the only place that knows names of rows.
import {slug} from './format.js';
import {findSeries, shortNames} from './series.js';

// A plot without series is named as missing, if it is not an optional one.
const wanted = [
  {
    id: 'ipc-words',
    title: 'IPC round trip, by words in the message',
    x: 'untyped words',
    step: 8,
    takes: /^ipc\/(roundtrip|slow)\//,
    labels: {
      'ipc/roundtrip/inter': 'between spaces',
      'ipc/roundtrip/intra': 'in one space',
      'ipc/roundtrip/intra-local': 'in one space, local ids',
      'ipc/slow/inter': 'between spaces, C++ path',
      'ipc/slow/intra': 'in one space, C++ path',
    },
  },
  {
    id: 'ipc-string',
    title: 'IPC of a string, by its length',
    x: 'length of the string',
    takes: /(^|\/)string(\/|$)/,
    bytes: true,
    logX: true,
    logY: true,
    labels: {'ipc/string/copy': 'call with a string'},
  },
  {
    id: 'ready-threads',
    title: 'Cost, by number of ready threads',
    x: 'ready threads',
    takes: /(^|\/)(ipc-)?ready$/,
    logX: true,
    labels: {'thread/ready': 'ThreadSwitch', 'thread/ipc-ready': 'IPC round trip'},
  },
  {
    id: 'revocation',
    title: 'Revocation, by number of mappings',
    x: 'mappings of the page',
    per: 'per mapping',
    takes: /(^|\/)width$/,
    logX: true,
    labels: {'map/width': 'one Unmap'},
  },
  {
    id: 'among-spaces',
    title: 'Cost, by how many other spaces exist',
    x: 'other spaces, with a thread each',
    takes: /-spaces$/,
    logX: true,
    optional: true,
    labels: {'thread/ipc-spaces': 'IPC round trip', 'thread/create-spaces': 'thread made and deleted'},
  },
  {
    id: 'among-mappings',
    title: 'Cost, by how many mappings exist',
    x: 'mappings of another page',
    takes: /-mappings$/,
    logX: true,
    optional: true,
    labels: {'thread/ipc-mappings': 'IPC round trip', 'thread/map-mappings': 'map and unmap of a page'},
  },
  {
    id: 'mapping-depth',
    title: 'Mapping database, by depth',
    x: 'depth of the mapping',
    takes: /(^|\/)depth$/,
    optional: true,
    labels: {'map/depth': 'made and revoked'},
  },
  {
    id: 'mapping-depth-revoke',
    title: 'Revocation, by depth',
    x: 'depth of the mapping',
    per: 'per mapping',
    takes: /(^|\/)depth-revoke$/,
    optional: true,
    labels: {'map/depth-revoke': 'one Unmap'},
  },
  {
    id: 'call-chain',
    title: 'Chains of calls, by depth',
    x: 'calls in each other',
    takes: /(^|\/)chain$/,
    optional: true,
  },
  {
    id: 'unmap-pages',
    title: 'Unmap, by number of pages',
    x: 'pages',
    takes: /^syscall\/(unmap|flush)$/,
    logX: true,
    logY: true,
    optional: true,
    labels: {'syscall/unmap': 'from another space', 'syscall/flush': 'flush'},
  },
];

const spans = (points, factor) => points[0].x > 0 && points.at(-1).x / points[0].x >= factor;

function labelled(series, labels = {}) {
  const optionsDiffer = new Set(series.map((s) => s.options)).size > 1;
  const short = shortNames(series.map((s) => s.prefix));
  return series.map((s, i) => {
    const label = labels[s.prefix] ?? short[i];
    return {...s, label: optionsDiffer ? `${label} (${s.options || 'no options'})` : label};
  });
}

// One figure for each unit: an axis has one.
function figuresOf(plan, series) {
  const units = [...new Set(series.map((s) => s.unit))];
  return units.map((unit, i) => ({
    ...plan,
    id: i === 0 ? plan.id : slug(`${plan.id}-${unit}`),
    unit,
    series: labelled(series.filter((s) => s.unit === unit), plan.labels),
  }));
}

function otherFigures(series) {
  return series.map((s) => ({
    id: slug(s.prefix),
    title: s.prefix,
    x: 'last part of the row\u2019s name',
    unit: s.unit,
    logX: spans(s.points, 32),
    series: labelled([s]),
  }));
}

// {figures, missing}: what can be drawn, and titles of what cannot.
export function planFigures(records) {
  let rest = findSeries(records);
  const figures = [], missing = [];
  for (const plan of wanted) {
    const taken = rest.filter((s) => plan.takes.test(s.prefix) && (!plan.logX || s.points[0].x > 0));
    rest = rest.filter((s) => !taken.includes(s));
    figures.push(...figuresOf(plan, taken));
    if (taken.length === 0 && !plan.optional) missing.push(plan.title);
  }
  const used = new Set(figures.map((f) => f.id));
  for (const figure of otherFigures(rest)) {
    while (used.has(figure.id)) figure.id += '-x';
    used.add(figure.id);
    figures.push(figure);
  }
  return {figures, missing};
}
