// SPDX-License-Identifier: MIT
// All plots of a report, drawn: {id, title, caption, note, svg: {wide, narrow}}.
import {barChart, describeBars, describeNullCalls, inNullCalls, nullCallChart, ofOneUnit} from './beside.js';
import {boxChart, describeBoxes, planBoxes} from './boxes.js';
import {layouts, render} from './chart.js';
import {planFigures} from './figures.js';
import {slug} from './format.js';
import {describe, lineChart} from './lines.js';

function draw({id, title, text, caption = text, note = '', ...more}, chart) {
  const svg = {};
  for (const layout of Object.values(layouts)) {
    const {option, height} = chart(layout);
    svg[layout.name] = render(option, layout, height, {id: `${id}-${layout.name}`, title, text});
  }
  return {id, title, caption, note, svg, ...more};
}

// Plots of series, and titles of those that are missing.
export function seriesPlots(records) {
  const {figures, missing} = planFigures(records);
  const plots = figures.map((figure) => draw(
    {id: figure.id, title: figure.title, text: describe(figure), series: figure.series},
    (layout) => lineChart(figure, layout)));
  return {plots, missing};
}

// One plot for each suite of which a row has any spread, and what is left out.
export function distributionPlots(records) {
  const plots = [], flat = [];
  for (const suite of new Set(records.map((r) => r.suite))) {
    const all = records.filter((r) => r.suite === suite);
    const {rows, same} = planBoxes(all);
    if (rows.length === 0) {
      flat.push(suite);
      continue;
    }
    const more = same === 1 ? '1 more row has' : `${same} more rows have`;
    const words = {
      id: slug(`spread-${suite}`), title: `Distributions: ${suite}`, text: describeBoxes(rows),
      note: same === 0 ? '' : `${more} the same figure each time.`,
    };
    plots.push(draw(words, (layout) => boxChart(rows, layout)));
  }
  return {plots, flat};
}

export function comparisonPlots(comparison) {
  const plots = [];
  const bars = ofOneUnit(comparison.find((row) => row.id === 'round-trip'));
  if (bars.length > 1) {
    const words = {
      id: 'beside-round-trip', title: 'IPC round trip between address spaces, shortest message',
      text: describeBars(bars), caption: 'The table below says where each figure is from.',
    };
    plots.push(draw(words, (layout) => barChart(bars, layout)));
  }
  const relative = inNullCalls(comparison);
  if (relative.rows.length > 0) {
    const words = {
      id: 'beside-null-calls', title: 'Costs in null system calls of the same system',
      text: describeNullCalls(relative), caption: 'The table below has the figures.',
    };
    plots.push(draw(words, (layout) => nullCallChart(relative, layout)));
  }
  return plots;
}
