// SPDX-License-Identifier: MIT
// The tables of the page.
import {escape, number, unitName} from './format.js';

const numeric = (text) => `<td class="number">${text}</td>`;
const cell = (value) => numeric(value === undefined ? '\u2013' : number(value));
const head = (text) => `<th scope="col">${text}</th>`;
const numericHead = (text) => `<th scope="col" class="number">${text}</th>`;

const table = (id, heads, bodies) =>
  `<table${id && ` id="${id}"`}><thead><tr>${heads.join('')}</tr></thead>${bodies.join('\n')}</table>`;

// A table is wider than a phone: it scrolls in its box, by keyboard too.
const scrolled = (label, content, more = '') =>
  `<div class="scroll${more}" role="region" tabindex="0" aria-label="${escape(label)}">${content}</div>`;

export function seriesTable(plot) {
  const rows = plot.series.flatMap((s) => s.points.map(({x, record: r}) => {
    const cells = [x, r.min, r.median, r.p99, r.max].map(cell);
    return `<tr><th scope="row">${escape(s.label)}</th>${cells.join('')}</tr>`;
  }));
  const heads = [head('series'), ...['at', 'min', 'median', 'p99', 'max'].map(numericHead)];
  return scrolled(`Data of: ${plot.title}`, table('', heads, [`<tbody>${rows.join('')}</tbody>`]));
}

const figures = ['n', 'min', 'q1', 'median', 'q3', 'p99', 'max', 'mean', 'stddev', 'first', 'target', 'best'];
const heads = {first: 'first (cold)', target: 'must reach', best: 'best known'};

export function allRows(records) {
  const numbers = figures.map((key) => numericHead(heads[key] ?? key));
  const columns = [...['suite', 'row', 'unit'].map(head), ...numbers];
  const rows = records.map((r) => `<tr><td>${escape(r.suite)}</td><th scope="row">${escape(r.row)}</th>` +
    `<td>${escape(unitName(r.unit))}</td>${figures.map((key) => cell(r[key])).join('')}</tr>`);
  return scrolled('All rows', table('all-rows', columns, [`<tbody>${rows.join('\n')}</tbody>`]), ' tall');
}

function link(text) {
  const safe = escape(text);
  return /^https:\/\/\S+$/.test(text) ? `<a href="${safe}">${safe}</a>` : safe;
}

function origin(figure, sources) {
  if (!figure.source) return '';
  const text = JSON.stringify(figure.source);
  if (!sources.includes(text)) sources.push(text);
  const date = figure.kind === 'published' ? `published (${figure.date})` : 'measured by us';
  return `${escape(date)}; ${escape(figure.machine)} <a href="#source-${sources.indexOf(text) + 1}">` +
    `[${sources.indexOf(text) + 1}]</a>`;
}

function figureRow(figure, name, sources) {
  const unit = figure ? ` ${escape(unitName(figure.unit))}` : '';
  const value = figure ? number(figure.value) : '\u2013';
  return `<tr${figure?.source ? '' : ' class="ours"'}><th scope="row">${escape(name)}</th>` +
    `<td class="number">${value}${unit}</td>${cell(figure?.of_ours)}${cell(figure?.null_calls)}` +
    `<td>${figure ? origin(figure, sources) : 'not measured in this run'}</td></tr>`;
}

function systemRows({title, ours, others}, sources) {
  const rows = [figureRow(ours, 'Mica', sources), ...others.map((o) => figureRow(o, o.system, sources))];
  return `<tbody><tr><th colspan="5" scope="rowgroup">${escape(title)}</th></tr>${rows.join('')}</tbody>`;
}

export function comparisonTable(comparison) {
  const sources = [];
  const bodies = comparison.map((row) => systemRows(row, sources));
  const list = sources.map((text, i) => {
    const {author, title, year, venue} = JSON.parse(text);
    return `<li id="source-${i + 1}">${escape(author)}: <cite>${escape(title)}</cite>. ${link(venue)},
${year ?? 'undated'}.</li>`;
  });
  const columns = [head('system'), ...['figure', 'times ours', 'null calls'].map(numericHead), head('from')];
  const figuresOfAll = scrolled('Comparison', table('comparison', columns, bodies));
  return `${figuresOfAll}<ol class="sources">${list.join('')}</ol>`;
}
