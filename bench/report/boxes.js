// SPDX-License-Identifier: MIT
// The distributions of a suite's rows, each divided by its median so that they share an
// axis: box and whiskers, the 99th percentile, and the first, cold execution.
import {axis, legend, namesAbove, rowAxis, xName} from './chart.js';
import {number, unitName} from './format.js';
import {light} from './palette.js';

const five = ['min', 'q1', 'median', 'q3', 'max'];

const spread = (r) => r.max > r.min || (r.first !== undefined && r.first !== r.median);

// {rows, same}: rows to draw, and how many had the same figure each time.
export function planBoxes(records) {
  const drawable = records.filter((r) => r.min > 0);
  const rows = drawable.filter(spread);
  return {rows, same: records.length - rows.length};
}

export function describeBoxes(rows) {
  const cold = rows.filter((r) => r.first !== undefined).map((r) => r.first / r.median);
  const widest = rows.reduce((a, b) => (b.max / b.min > a.max / a.min ? b : a));
  const [from, to, median] = [widest.min, widest.max, widest.median].map(number);
  const warm = from === to ? 'After the first execution no row has a spread.'
    : `The widest is ${widest.row}: ${from} to ${to} ${unitName(widest.unit)}, median ${median}.`;
  if (cold.length === 0) return warm;
  const [least, most] = [Math.min(...cold), Math.max(...cold)].map(number);
  const times = least === most ? most : `${least} to ${most}`;
  return `${warm} The first execution costs ${times} times the median.`;
}

const point = (rows, key, more) => ({
  type: 'scatter',
  silent: true,
  itemStyle: {opacity: 1},
  data: rows.flatMap((r, i) => (r[key] > 0 ? [[r[key] / r.median, i]] : [])),
  ...more,
});

const label = (r) => `${r.row}   ${number(r.median)}`;

export function boxChart(rows, layout) {
  const wide = layout.name === 'wide';
  const ratios = rows.flatMap((r) => [r.min, r.max, r.first ?? r.max].map((v) => v / r.median));
  const lowest = Math.min(...ratios), highest = Math.max(...ratios);
  const left = lowest > 0.9 ? 0.9 : 2 ** Math.floor(Math.log2(lowest));
  const right = 2 ** Math.max(1, Math.ceil(Math.log2(highest * 1.02)));
  const step = wide ? 24 : 40, top = 40;
  const names = ['first execution (cold)', '99th percentile'];
  const option = {
    grid: {left: wide ? 330 : 10, right: 20, top: wide ? top : 56, bottom: 48},
    legend: legend(layout, names),
    xAxis: axis(layout, {
      type: 'log',
      logBase: 2,
      min: left,
      max: right,
      ...xName('multiple of the row\u2019s median'),
      axisLabel: {formatter: (v) => (Number.isInteger(Math.log2(v)) ? `${number(v)}\u00d7` : '')},
    }),
    yAxis: rowAxis(layout, rows.map(label), {axisLine: {show: false}}),
    series: [
      {
        type: 'boxplot',
        silent: true,
        data: rows.map((r) => five.map((key) => r[key] / r.median)),
        boxWidth: [10, 10],
        itemStyle: {color: light.box, borderColor: light.series1, borderWidth: 1.5},
      },
      point(rows, 'p99', {name: names[1], symbol: 'rect', symbolSize: [2.5, 13], color: light.series3}),
      point(rows, 'first', {name: names[0], symbol: 'diamond', symbolSize: 10, color: light.series2}),
      ...namesAbove(layout, rows.map(label), left),
    ],
  };
  return {option, height: top + 64 + step * rows.length + (wide ? 0 : 24)};
}
