// SPDX-License-Identifier: MIT
// Plots of the comparison with other systems.
import {axis, legend, namesAbove, rowAxis, textStyle, xName} from './chart.js';
import {number, unitName} from './format.js';
import {light, seriesColour, seriesSymbol} from './palette.js';

// The figures of a compared row that have the unit of ours, ours first.
export function ofOneUnit(row) {
  if (!row?.ours) return [];
  return [row.ours, ...row.others.filter((o) => o.unit === row.ours.unit)];
}

export const describeBars = (figures) =>
  `${unitName(figures[0].unit)}: ${figures.map((f) => `${f.system} ${number(f.value)}`).join('; ')}.`;

export function barChart(figures, layout) {
  const sorted = [...figures].sort((a, b) => a.value - b.value);
  const wide = layout.name === 'wide';
  const ours = figures[0].system;
  const names = sorted.map((f) => f.system);
  const option = {
    grid: {left: wide ? 330 : 6, right: 60, top: wide ? 8 : 22, bottom: 46},
    xAxis: axis(layout, {type: 'value', ...xName(unitName(figures[0].unit)), axisLabel: {formatter: number}}),
    yAxis: rowAxis(layout, names),
    series: [
      {
        type: 'bar',
        silent: true,
        barWidth: wide ? 14 : 10,
        data: sorted.map((f) => ({
          value: f.value, itemStyle: {color: f.system === ours ? light.series1 : light.axis},
        })),
        label: {
          ...textStyle(layout, 'ink'), show: true, position: 'right', formatter: ({value}) => number(value),
        },
      },
      ...namesAbove(layout, names, 0),
    ],
  };
  return {option, height: 60 + (wide ? 26 : 42) * sorted.length + (wide ? 0 : 16)};
}

// --- Multiples of each system's own null system call ---------------------------------------

// {rows, systems}: titles of the rows that two systems or more have, and what each has; ours is
// the first of the systems, and so has the first colour.
export function inNullCalls(comparison) {
  const rows = comparison.map(({id, title, ours, others}) => ({
    id, title, figures: [ours, ...others].filter((f) => f?.null_calls !== undefined),
  })).filter((row) => row.id !== 'null-call' && row.figures.length > 1);
  const ours = comparison.filter((row) => row.ours).map((row) => row.ours);
  const all = [...ours, ...rows.flatMap((row) => row.figures)].filter((f) => f.null_calls !== undefined);
  const systems = [...new Set(all.map((f) => f.system))];
  return {rows, systems};
}

export const describeNullCalls = ({rows}) => rows.map(({title, figures}) =>
  `${title}: ${figures.map((f) => `${f.system} ${number(f.null_calls)}`).join(', ')}.`).join(' ');

export function nullCallChart({rows, systems}, layout) {
  const wide = layout.name === 'wide';
  const names = rows.map((r) => /\((.*)\)$/.exec(r.title)?.[1] ?? r.title.split(',')[0]);
  const legendHeight = wide ? 30 : 20 * systems.length;
  const lowest = Math.min(...rows.flatMap((r) => r.figures.map((f) => f.null_calls)));
  const left = 10 ** Math.floor(Math.log10(lowest));
  const option = {
    grid: {left: wide ? 330 : 8, right: 20, top: legendHeight + (wide ? 6 : 26), bottom: 46},
    legend: legend(layout, systems),
    xAxis: axis(layout, {
      type: 'log', min: left, ...xName('multiple of the system\u2019s own null system call'),
      axisLabel: {formatter: (v) => `${number(v)}\u00d7`},
    }),
    yAxis: rowAxis(layout, names, {axisLine: {show: false}, splitLine: {show: true}}),
    series: [
      ...systems.map((system, i) => ({
        type: 'scatter',
        name: system,
        silent: true,
        symbol: seriesSymbol(i),
        symbolSize: 11,
        itemStyle: {opacity: 1},
        color: seriesColour(i),
        data: rows.flatMap(({figures}, y) =>
          figures.filter((f) => f.system === system).map((f) => [f.null_calls, y])),
      })),
      ...namesAbove(layout, names, left),
    ],
  };
  return {option, height: legendHeight + 60 + (wide ? 30 : 42) * rows.length + (wide ? 0 : 20)};
}
