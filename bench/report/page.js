// SPDX-License-Identifier: MIT
// The page: one file, no script, nothing from elsewhere.
import {escape, number, unitName} from './format.js';
import {asVariables, variables} from './palette.js';
import {reached} from './records.js';
import {allRows, comparisonTable, seriesTable} from './tables.js';

function figure(plot) {
  const drawings = Object.entries(plot.svg).map(([layout, svg]) =>
    `<div class="${layout}">${asVariables(svg)}</div>`);
  const data = plot.series ? `<details><summary>Data</summary>${seriesTable(plot)}</details>` : '';
  return `<figure id="${escape(plot.id)}"><h3>${escape(plot.title)}</h3>${drawings.join('')}
<figcaption>${escape(plot.caption)} ${escape(plot.note)}</figcaption>${data}</figure>`;
}

// The distinct values of a field; most runs have one.
const distinct = (records, key) => [...new Set(records.map((r) => String(r[key])))];

function machine(records) {
  const names = {commit: 'commit', cpu: 'CPU model', smp: 'processors', mode: 'mode', options: 'options'};
  const rows = Object.entries(names).map(([key, name]) => {
    const values = distinct(records, key).map((v) => escape(v || 'none'));
    return `<dt>${name}</dt><dd>${values.join(', ')}</dd>`;
  });
  return `<dl class="machine">${rows.join('')}</dl>`;
}

function mode(records) {
  const modes = distinct(records, 'mode');
  if (modes.length === 1 && modes[0] === 'icount') {
    return `Figures are exact counts of instructions, kernel and user together, under an emulator whose clock
advances by one an instruction: they say nothing of cycles, and two runs agree to the last digit.`;
  }
  return 'Units are named with each figure; figures of different units are never in one plot.';
}

function targets(records) {
  const limited = records.filter((r) => r.target !== undefined);
  if (limited.length === 0) return '';
  const missed = limited.filter((r) => reached(r) > r.target);
  const list = missed.map((r) => `<li>${escape(r.suite)} ${escape(r.row)}: ${number(reached(r))}
${escape(unitName(r.unit))}, must reach ${number(r.target)}</li>`);
  return `<p>${limited.length - missed.length} of ${limited.length} rows that have a limit are within it: by
their medians, worst cases by their greatest sample.</p>${missed.length ? `<ul>${list.join('')}</ul>` : ''}`;
}

const missing = (titles) => titles.map((title) => `<p class="missing">No plot \u201c${escape(title)}\u201d:
this run has no series of three rows or more for it.</p>`).join('');

function distributions({plots, flat}) {
  const legend = `<p>Each row is divided by its own median. The box goes from the first to the third quartile,
the whiskers from the least to the greatest sample.</p>`;
  const same = flat.length === 0 ? '' :
    `<p class="missing">No plot of ${escape(flat.join(', '))}: every row has the same figure each time.</p>`;
  return (plots.length ? legend : '') + plots.map(figure).join('') + same;
}

const sections = [
  ['series', 'Costs and what they depend on'], ['distributions', 'Distributions'],
  ['beside', 'Beside other systems'], ['rows', 'All rows'],
];

const howToCompare = `<p>\u201cTimes ours\u201d is a figure divided by ours of the same unit. Where machines
or units differ, \u201cnull calls\u201d tells a figure as a multiple of its own system\u2019s null system
call. \u201cMeasured by us\u201d is under the emulator that our figures are from; all else was published by
others for their own machines.</p>`;

export function page({records, comparison, style, series, spread, beside}) {
  const content = {
    series: series.plots.map(figure).join('') + missing(series.missing),
    distributions: distributions(spread),
    beside: howToCompare + beside.map(figure).join('') + comparisonTable(comparison),
    rows: allRows(records),
  };
  const links = sections.map(([id, title]) => `<li><a href="#${id}">${title}</a></li>`).join('');
  const body = sections.map(([id, title]) => `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>${content[id]}</section>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="mica bench --report">
<title>Mica: what it costs</title>
<style>
:root{${variables(false)}}
@media (prefers-color-scheme: dark){:root{${variables(true)}}}
${style}</style>
</head>
<body>
<header><h1>Mica: what it costs</h1>
<p>${mode(records)}</p>
${machine(records)}${targets(records)}
<nav aria-label="Sections"><ul>${links}</ul></nav></header>
<main>
${body.join('\n')}
</main>
</body>
</html>
`;
}
